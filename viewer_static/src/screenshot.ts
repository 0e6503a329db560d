/** The picture on screen as a PNG, which says of itself what it is not. */
import type { Pane } from './pane.ts';
import { BANNER, save, stamp } from './png.ts';

/** False when there is no proven picture to save. */
export async function savePicture(pane: Pane): Promise<boolean> {
  if (pane.mpr !== null) return (await import('./mpr-picture.ts')).savePlanes(pane.mpr);
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
