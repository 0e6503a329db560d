/** Between the patient's millimetres and the pixels of one image. Pure. */
import { cosines, dot, type Vector } from '../geometry.ts';

/** Column, row; whole numbers are the centres of pixels, the first one is 0, 0. */
export type Point = readonly [number, number];

export interface Plane {
  readonly origin: Vector;
  /** Unit vectors: along a row (columns count up), and down a column. */
  readonly row: Vector;
  readonly column: Vector;
  /** World units between columns, and between rows. */
  readonly across: number;
  readonly down: number;
}

const vector = (values: unknown): Vector | null => {
  if (!Array.isArray(values) || values.length !== 3) return null;
  const numbers = values.map(Number);
  return numbers.every(Number.isFinite) ? (numbers as unknown as Vector) : null;
};

const size = (value: unknown): number => (Number(value) > 0 ? Number(value) : 1);

/** The plane as the picture engine lays it out: an image that does not say where it lies gets a made-up one. */
export function planeOf(module: Readonly<Record<string, unknown>>): Plane {
  const [row, column] = cosines(module.imageOrientationPatient) ?? [
    [1, 0, 0] as const,
    [0, 1, 0] as const,
  ];
  return {
    origin: vector(module.imagePositionPatient) ?? [0, 0, 0],
    row,
    column,
    across: size(module.columnPixelSpacing),
    down: size(module.rowPixelSpacing),
  };
}

export function pixelOf(plane: Plane, world: Vector): Point {
  const away = minus(world, plane.origin);
  return [dot(away, plane.row) / plane.across, dot(away, plane.column) / plane.down];
}

export function worldOf(plane: Plane, [x, y]: Point): Vector {
  const along = (axis: 0 | 1 | 2) =>
    plane.origin[axis] + plane.row[axis] * plane.across * x + plane.column[axis] * plane.down * y;
  return [along(0), along(1), along(2)];
}

export function minus(one: Vector, other: Vector): Vector {
  return [one[0] - other[0], one[1] - other[1], one[2] - other[2]];
}
