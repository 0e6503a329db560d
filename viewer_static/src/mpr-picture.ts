/** The planes on screen as one picture, with the lines and figures on them. */
import type { Mpr } from './mpr.ts';
import type { MprView } from './mpr-view.ts';
import { honestyOf, planeLines } from './mpr-words.ts';
import { BANNER, save, stamp } from './png.ts';

/** What style sheets say of lines and words, which a picture on its own does not know. */
const STYLES = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'paint-order', 'font'];
const LINE = 18;

/** False while none is drawn. */
export async function savePlanes({ views, volume, desk }: Mpr): Promise<boolean> {
  const drawn = views.filter(({ node, shown }) => shown !== null && node.clientWidth > 0);
  const boxes = drawn.map(({ node }) => node.getBoundingClientRect());
  const [left, top] = [edge(boxes, 'left', Math.min), edge(boxes, 'top', Math.min)];
  const canvas = document.createElement('canvas');
  const ratio = devicePixelRatio;
  canvas.width = Math.round((edge(boxes, 'right', Math.max) - left) * ratio);
  canvas.height = Math.round((edge(boxes, 'bottom', Math.max) - top) * ratio);
  const ink = canvas.getContext('2d');
  if (drawn.length === 0 || volume === null || ink === null) return false;
  ink.fillRect(0, 0, canvas.width, canvas.height);
  for (const [at, view] of drawn.entries()) {
    const box = boxes[at] as DOMRect;
    ink.setTransform(ratio, 0, 0, ratio, (box.left - left) * ratio, (box.top - top) * ratio);
    await draw(ink, view, box);
  }
  ink.resetTransform();
  stamp(ink, `${BANNER} · ${honestyOf(volume, desk.source.model)}`);
  await save(canvas);
  return true;
}

const edge = (
  boxes: readonly DOMRect[],
  side: 'left' | 'right' | 'top' | 'bottom',
  outer: (...sides: number[]) => number,
): number => outer(...boxes.map((box) => box[side]));

async function draw(ink: CanvasRenderingContext2D, view: MprView, box: DOMRect): Promise<void> {
  const { width, height } = box;
  ink.drawImage(view.canvas, 0, 0, width, height);
  for (const sheet of view.node.querySelectorAll<SVGElement>('svg.cross-lines, svg.mpr-figures'))
    ink.drawImage(await rasterised(sheet, box), 0, 0, width, height);
  if (view.shown === null) return;
  ink.font = '600 14px sans-serif';
  ink.fillStyle = '#fff';
  const lines = planeLines(view.shown, '').split('\n');
  for (const [at, line] of lines.entries()) ink.fillText(line, 8, LINE * (at + 1));
}

async function rasterised(
  sheet: SVGElement,
  { width, height }: DOMRect,
): Promise<HTMLImageElement> {
  const copy = sheet.cloneNode(true) as SVGElement;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  for (const [at, node] of [...copy.children].entries()) {
    const styles = getComputedStyle(sheet.children[at] as Element);
    for (const name of STYLES)
      (node as SVGElement).style.setProperty(name, styles.getPropertyValue(name));
  }
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(copy.outerHTML)}`;
  await image.decode();
  return image;
}
