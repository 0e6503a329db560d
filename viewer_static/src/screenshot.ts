/** The picture on screen as a PNG, which says of itself what it is not. */
import type { Pane } from './pane.ts';

const NAME = 'picture-not-diagnostic.png';
const BANNER = 'NOT DIAGNOSTIC';

/** False when there is no proven picture to save. */
export async function savePicture(pane: Pane): Promise<boolean> {
  const { shown, session, node } = pane;
  const drawn = node.querySelector<HTMLCanvasElement>('.canvas canvas');
  if (shown === null || session === null || drawn === null || pane.cover.state !== 'off')
    return false;
  const canvas = document.createElement('canvas');
  canvas.width = drawn.width;
  canvas.height = drawn.height;
  const context = canvas.getContext('2d');
  if (context === null) return false;
  context.drawImage(drawn, 0, 0);
  // Masks, contours and findings as they lie on it; of a width while there are any.
  const layers = node.querySelector<HTMLCanvasElement>('canvas.layers');
  if (layers !== null && layers.width > 0)
    context.drawImage(layers, 0, 0, canvas.width, canvas.height);
  const figures = await rasterised(node);
  if (figures !== null) context.drawImage(figures, 0, 0, canvas.width, canvas.height);
  const isProven = session.model.integrity(shown.slice.instance.id) === 'md5';
  stamp(context, isProven ? BANNER : `${BANNER} · not verified by digest`);
  await save(canvas);
  return true;
}

async function rasterised(node: HTMLElement): Promise<HTMLImageElement | null> {
  const layer = node.querySelector<SVGElement>('.canvas svg.svg-layer');
  if (layer === null) return null;
  const { width, height } = layer.getBoundingClientRect();
  const copy = layer.cloneNode(true) as SVGElement;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(copy.outerHTML)}`;
  await image.decode();
  return image;
}

function stamp(context: CanvasRenderingContext2D, words: string): void {
  const { width, height } = context.canvas;
  const size = Math.max(14, Math.round(height / 40));
  context.font = `600 ${size}px sans-serif`;
  context.textAlign = 'center';
  context.fillStyle = '#000a';
  context.fillRect(0, height - 2 * size, width, 2 * size);
  context.fillStyle = '#ffd27a';
  context.fillText(words, width / 2, height - 0.65 * size);
}

async function save(canvas: HTMLCanvasElement): Promise<void> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (blob === null) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = NAME;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
