/** A picture that leaves the page says of itself what it is not. */

const NAME = 'picture-not-diagnostic.png';
export const BANNER = 'NOT DIAGNOSTIC';

export function stamp(context: CanvasRenderingContext2D, words: string): void {
  const { width, height } = context.canvas;
  const size = Math.max(14, Math.round(height / 40));
  context.font = `600 ${size}px sans-serif`;
  context.textAlign = 'center';
  context.fillStyle = '#000a';
  context.fillRect(0, height - 2 * size, width, 2 * size);
  context.fillStyle = '#ffd27a';
  context.fillText(words, width / 2, height - 0.65 * size);
}

export async function save(canvas: HTMLCanvasElement): Promise<void> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (blob === null) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = NAME;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
