/** Where masks and contours lie on an image: in the same plane of the patient, or not at all. Pure. */
import { type Plane, type Point, pixelOf } from '../figures/plane.ts';
import { cosines, dot, normal, type Vector } from '../geometry.ts';
import type { Contour, MaskFrame } from './contents.ts';

/** Planes of masks are those of their images, but for rounding of decimals. */
export const MASK_MM = 0.2;
/** Planning systems round to a tenth, and draw between slices; never more than half of the way to the next. */
export const CONTOUR_MM = 0.5;
const PARALLEL = 0.9995;

export interface Slot {
  readonly sopUid: string;
  /** From 1; 0 of an image without frames. */
  readonly frame: number;
  readonly rows: number;
  readonly columns: number;
  /** Null where the image does not say where it lies. */
  readonly plane: Plane | null;
  readonly frameOfReference: string;
  /** Distance to the nearest other slice in mm; 0 when unknown. */
  readonly gap: number;
}

/** Columns of an affine map from a mask's pixels to the image's: origin, per column, per row. */
export interface Affine {
  readonly origin: Point;
  readonly across: Point;
  readonly down: Point;
}

const IDENTITY: Affine = { origin: [0, 0], across: [1, 0], down: [0, 1] };

const axis = ({ row, column }: Plane): Vector => normal([row, column]);

function vectorOf(values: readonly number[] | null): Vector | null {
  return values?.length === 3 ? (values as unknown as Vector) : null;
}

function planeOfFrame({ position, orientation, spacing }: MaskFrame): Plane | null {
  const origin = vectorOf(position);
  const axes = cosines(orientation);
  const [down = 0, across = 0] = spacing ?? [];
  if (origin === null || axes === null || !(down > 0 && across > 0)) return null;
  return { origin, row: axes[0], column: axes[1], across, down };
}

const away = (plane: Plane, point: Vector): number =>
  Math.abs(dot(axis(plane), point) - dot(axis(plane), plane.origin));

const within = (limit: number, { gap }: Slot): number =>
  gap > 0 ? Math.min(limit, gap / 2) : limit;

function names(images: readonly (readonly [string, number])[], slot: Slot): boolean {
  return images.some(
    ([uid, frame]) =>
      uid === slot.sopUid && (frame === 0 || slot.frame === 0 || frame === slot.frame),
  );
}

/** How a mask lies on an image; null when it does not. By position where both have one, else pixel on pixel. */
export function placeOf(
  frame: MaskFrame,
  mask: { readonly rows: number; readonly columns: number; readonly frame_of_reference: string },
  slot: Slot,
): Affine | null {
  const own = planeOfFrame(frame);
  const isNamed = names(frame.images, slot);
  if (own === null || slot.plane === null) {
    const fits = mask.rows === slot.rows && mask.columns === slot.columns;
    return isNamed && fits ? IDENTITY : null;
  }
  const isMeant = isNamed || shares(mask.frame_of_reference, slot);
  return isMeant && coincide(own, slot.plane, slot) ? mapped(own, slot.plane) : null;
}

const shares = (frameOfReference: string, slot: Slot): boolean =>
  frameOfReference !== '' && frameOfReference === slot.frameOfReference;

function coincide(one: Plane, other: Plane, slot: Slot): boolean {
  const isParallel = Math.abs(dot(axis(one), axis(other))) > PARALLEL;
  return isParallel && away(other, one.origin) <= within(MASK_MM, slot);
}

function mapped(from: Plane, to: Plane): Affine {
  const at = (column: number, row: number) => {
    const along = ([0, 1, 2] as const).map(
      (k) => from.origin[k] + from.row[k] * from.across * column + from.column[k] * from.down * row,
    );
    return pixelOf(to, along as unknown as Vector);
  };
  const origin = at(0, 0);
  const [right, below] = [at(1, 0), at(0, 1)];
  return {
    origin,
    across: [right[0] - origin[0], right[1] - origin[1]],
    down: [below[0] - origin[0], below[1] - origin[1]],
  };
}

/** A contour's points in pixels of the image; null when it does not lie in its plane. */
export function outlineOf(
  contour: Contour,
  frameOfReference: string,
  slot: Slot,
): readonly Point[] | null {
  const { points, images, pixels } = contour;
  const { plane } = slot;
  if (pixels !== undefined) return marks(contour, slot) ? paired(pixels) : null;
  if (plane === null || points.length === 0) return null;
  if (!shares(frameOfReference, slot) && !images.includes(slot.sopUid)) return null;
  const limit = within(CONTOUR_MM, slot);
  const outline: Point[] = [];
  for (let at = 0; at < points.length; at += 3) {
    const point = points.slice(at, at + 3) as unknown as Vector;
    if (away(plane, point) > limit) return null;
    outline.push(pixelOf(plane, point));
  }
  return outline;
}

/** Such a contour lies on its images, wherever these lie. */
function marks({ images, numbers = [] }: Contour, { sopUid, frame }: Slot): boolean {
  return (
    images.includes(sopUid) && (numbers.length === 0 || frame === 0 || numbers.includes(frame))
  );
}

function paired(pixels: readonly number[]): Point[] {
  const points: Point[] = [];
  for (let at = 0; at + 1 < pixels.length; at += 2)
    points.push([pixels[at] as number, pixels[at + 1] as number]);
  return points;
}

/** 0 to 255 for each pixel of the box. */
export function unpacked({ box, bits, mask }: MaskFrame): Uint8Array<ArrayBuffer> {
  const [, , width, height] = box;
  const text = atob(mask);
  const values = new Uint8Array(width * height);
  for (let at = 0; at < values.length; at++) {
    const byte = text.charCodeAt(bits === 8 ? at : at >> 3);
    values[at] = bits === 8 ? byte : (byte >> (7 - (at & 7))) & 1 ? 255 : 0;
  }
  return values;
}
