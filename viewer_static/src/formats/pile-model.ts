/** Piles of masks and of contours: what they lie in, how far they reach. Pure. */
import { dot, normal, type Vector } from '../geometry.ts';
import type { Grid } from '../volume-grid.ts';
import type { Pile, Sheet } from '../volume-sheets.ts';
import type { Contour } from './contents.ts';

/** The volume that planes go through. */
export interface Ground {
  readonly frameOfReference: string;
  readonly origin: Vector;
  /** Unit vectors. */
  readonly row: Vector;
  readonly column: Vector;
  /** Millimetres between columns, rows and slices. */
  readonly across: number;
  readonly down: number;
  readonly gap: number;
}

/** A pile, and the part of the layer that it is. */
export interface Stock {
  readonly key: string;
  readonly pile: Pile;
  /** Its contours, to be drawn themselves where a plane is parallel to them; none of a mask. */
  readonly contours: readonly Flat[];
}

export interface Flat {
  readonly depth: number;
  readonly contour: Contour;
}

/** What cannot be cut. */
export interface Lost {
  /** In another frame of reference, or in none. */
  elsewhere: number;
  /** On images, with no place of its own in the patient. */
  placeless: number;
  /** Contours that lie in no plane. */
  bent: number;
}

export interface Axes {
  readonly row: Vector;
  readonly column: Vector;
  readonly across: number;
  readonly down: number;
}

const PARALLEL = 0.9995;
/** And a hundredth: files round their places, and no gap is to be seen for that. */
const HALF = 0.51;
/** Depths this close are one. */
export const SAME_MM = 0.05;

export function groundOf({ origin, steps }: Grid, frameOfReference: string): Ground {
  const [across, down] = [Math.hypot(...steps[0]), Math.hypot(...steps[1])];
  const row = times(steps[0], 1 / across);
  const column = times(steps[1], 1 / down);
  const gap = Math.abs(dot(steps[2], normal([row, column])));
  return { frameOfReference, origin, row, column, across, down, gap };
}

/** The smallest distance between neighbours that are not one. */
export function gapOf(sheets: readonly Pick<Sheet, 'depth'>[]): number {
  const depths = sheets.map(({ depth }) => depth).sort((one, other) => one - other);
  let least = Number.POSITIVE_INFINITY;
  depths.slice(1).forEach((depth, at) => {
    const gap = depth - (depths[at] as number);
    if (gap > SAME_MM && gap < least) least = gap;
  });
  return least;
}

/** A sheet reaches half of the way to the next slice, as a slice does: nothing is made up where none was drawn. */
export function piled(
  axes: Axes,
  sheets: Sheet[],
  gap: number,
  ground: Ground,
  isEdge: boolean,
): Pile {
  const isParallel = Math.abs(dot(normalOf(axes), normalOf(ground))) > PARALLEL;
  const most = Math.min(gap, isParallel ? ground.gap : Number.POSITIVE_INFINITY);
  const reach = HALF * (Number.isFinite(most) ? most : Math.min(axes.across, axes.down));
  sheets.sort((one, other) => one.depth - other.depth);
  return { ...axes, reach, isEdge, sheets };
}

export const normalOf = ({ row, column }: Pick<Axes, 'row' | 'column'>): Vector =>
  normal([row, column]);
const times = (way: Vector, by: number): Vector => [way[0] * by, way[1] * by, way[2] * by];
export const unit = (way: Vector): Vector => times(way, 1 / Math.hypot(...way));
