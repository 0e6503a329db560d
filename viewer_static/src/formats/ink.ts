/** Masks and contours in ink: the canvas is given, and where the image's pixels lie on it. */
import type { Point } from '../figures/plane.ts';
import type { Colour } from './contents.ts';
import type { Layer, Part } from './layer-model.ts';
import { type Affine, outlineOf, placeOf, type Slot, unpacked } from './place.ts';

export interface Bitmap {
  readonly canvas: OffscreenCanvas;
  readonly place: Affine;
  readonly left: number;
  readonly top: number;
}

type Ink = CanvasRenderingContext2D;
/** From pixels of the image to those of the canvas. */
export type OnCanvas = (point: Point) => Point;

export function bitmapsOf({ contents }: Layer, part: Part, slot: Slot): readonly Bitmap[] {
  const { segmentation } = contents;
  const made: Bitmap[] = [];
  if (segmentation === undefined) return made;
  for (const frame of segmentation.frames) {
    if (`${frame.segment}` !== part.key) continue;
    const place = placeOf(frame, segmentation, slot);
    if (place === null) continue;
    const [left, top, width, height] = frame.box;
    made.push({ canvas: painted(unpacked(frame), width, height, part.colour), place, left, top });
  }
  return made;
}

/** The bitmap's corner is half a pixel before the centre of its first pixel. */
export function stamp(ink: Ink, { place, left, top, canvas }: Bitmap, at: OnCanvas): void {
  const point = (column: number, row: number) =>
    at([
      place.origin[0] + place.across[0] * column + place.down[0] * row,
      place.origin[1] + place.across[1] * column + place.down[1] * row,
    ]);
  const corner = point(left - 0.5, top - 0.5);
  const right = point(left + 0.5, top - 0.5);
  const below = point(left - 0.5, top + 0.5);
  ink.setTransform(
    right[0] - corner[0],
    right[1] - corner[1],
    below[0] - corner[0],
    below[1] - corner[1],
    ...corner,
  );
  ink.drawImage(canvas, 0, 0);
  ink.resetTransform();
}

export function drawContours(ink: Ink, { contents, parts }: Layer, slot: Slot, at: OnCanvas): void {
  const ratio = window.devicePixelRatio;
  ink.lineWidth = 2 * ratio;
  for (const { number, frame_of_reference, contours } of contents.structures?.regions ?? []) {
    const part = parts.get(number);
    if (part === undefined || !part.isShown) continue;
    ink.strokeStyle = `rgb(${part.colour.join(' ')})`;
    for (const contour of contours) {
      const outline = outlineOf(contour, frame_of_reference, slot);
      if (outline !== null) stroked(ink, contour.kind, outline.map(at), 4 * ratio);
    }
  }
}

/** `values`: how strong each pixel is, 0 to 255. */
export function painted(
  values: Uint8Array,
  width: number,
  height: number,
  [red, green, blue]: Colour,
): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const colour = (blue << 16) | (green << 8) | red;
  for (let at = 0; at < values.length; at++) pixels[at] = ((values[at] as number) << 24) | colour;
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

/** `arm`: of the cross that a single point is. */
export function stroked(ink: Ink, kind: string, points: readonly Point[], arm: number): void {
  ink.beginPath();
  const [first] = points;
  if (points.length === 1 && first !== undefined) {
    const [x, y] = first;
    ink.moveTo(x - arm, y);
    ink.lineTo(x + arm, y);
    ink.moveTo(x, y - arm);
    ink.lineTo(x, y + arm);
  } else for (const [x, y] of points) ink.lineTo(x, y);
  if (kind.startsWith('CLOSED')) ink.closePath();
  ink.stroke();
}
