/** A canvas given another size is emptied, and drawn anew a frame later: until then the old picture stays. */

/** Runs `resize`; what it empties gets its picture back: in the middle, scaled as the picture will be. */
export function keepingPictures(canvases: readonly HTMLCanvasElement[], resize: () => void): void {
  const kept = canvases.filter(isMisfit).map((canvas) => [canvas, copyOf(canvas)] as const);
  resize();
  for (const [canvas, picture] of kept)
    if (canvas.width !== picture.width || canvas.height !== picture.height)
      putBack(canvas, picture);
}

const isMisfit = ({ width, height, clientWidth, clientHeight }: HTMLCanvasElement): boolean =>
  width * height > 0 && (width !== clientWidth || height !== clientHeight);

function copyOf(canvas: HTMLCanvasElement): HTMLCanvasElement {
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  copy.getContext('2d')?.drawImage(canvas, 0, 0);
  return copy;
}

function putBack(canvas: HTMLCanvasElement, picture: HTMLCanvasElement): void {
  const side = ({ width, height }: HTMLCanvasElement) => Math.min(width, height);
  const scale = side(canvas) / side(picture);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const [left, top] = [(canvas.width - width) / 2, (canvas.height - height) / 2];
  const context = canvas.getContext('2d');
  context?.setTransform(1, 0, 0, 1, 0, 0);
  context?.drawImage(picture, left, top, width, height);
}
