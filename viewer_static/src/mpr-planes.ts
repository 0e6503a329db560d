/** Axial, coronal and sagittal through a volume: where each plane lies and what it cuts. Pure. */
import { dot, side, type Vector } from './geometry.ts';
import { cornersOf, type Grid, indexOf, turnedBack } from './volume-grid.ts';
import { plus } from './volume-stack.ts';
import type { Cut, Mode } from './volume-voxels.ts';

export const NAMES = ['axial', 'coronal', 'sagittal'] as const;
export type Name = (typeof NAMES)[number];

export interface Axes {
  /** To the right of the screen, down on it, and the way that a turn of the wheel goes. */
  readonly right: Vector;
  readonly down: Vector;
  readonly out: Vector;
}

/** As readers are used to: the patient's right side on the left, face up or to the left, head up. */
export const AXES: Readonly<Record<Name, Axes>> = {
  axial: { right: [1, 0, 0], down: [0, 1, 0], out: [0, 0, 1] },
  coronal: { right: [1, 0, 0], down: [0, 0, -1], out: [0, 1, 0] },
  sagittal: { right: [0, 1, 0], down: [0, 0, -1], out: [1, 0, 0] },
};

/** A pixel is not made smaller than this many to a side would need. */
const MOST_PIXELS = 1_024;

interface Span {
  readonly low: number;
  readonly high: number;
}

export interface View {
  readonly name: Name;
  readonly axes: Axes;
  /** Millimetres of a pixel: as fine as the finest voxel. */
  readonly pixel: number;
  readonly width: number;
  readonly height: number;
  /** Millimetres along the three axes where the volume begins. */
  readonly corner: Vector;
  /** Between neighbouring planes: no voxel is stepped over. */
  readonly step: number;
  readonly count: number;
}

export function viewOf(grid: Grid, name: Name): View {
  const axes = AXES[name];
  const [across, down, out] = [axes.right, axes.down, axes.out].map((way) => spanOf(grid, way)) as [
    Span,
    Span,
    Span,
  ];
  const finest = Math.min(...grid.steps.map((step) => Math.hypot(...step)));
  const longest = Math.max(across.high - across.low, down.high - down.low);
  const pixel = Math.max(finest, longest / (MOST_PIXELS - 1));
  const step = stepOf(grid, axes.out);
  return {
    name,
    axes,
    pixel,
    width: Math.round((across.high - across.low) / pixel) + 1,
    height: Math.round((down.high - down.low) / pixel) + 1,
    corner: [across.low, down.low, out.low],
    step,
    count: Math.round((out.high - out.low) / step) + 1,
  };
}

function spanOf(grid: Grid, way: Vector): Span {
  const places = cornersOf(grid).map((corner) => dot(corner, way));
  return { low: Math.min(...places), high: Math.max(...places) };
}

/** Goes at most one voxel further along each axis of the volume. */
function stepOf({ steps }: Grid, out: Vector): number {
  return 1 / Math.max(...turnedBack(steps, out).map(Math.abs));
}

/** Millimetres of plane number `index` along the view's way. */
export const depthOf = ({ corner, step }: View, index: number): number => corner[2] + index * step;

/** The plane next to a place. */
export function planeAt(view: View, place: Vector): number {
  const index = Math.round((dot(place, view.axes.out) - view.corner[2]) / view.step);
  return Math.min(view.count - 1, Math.max(0, index));
}

/** The patient's coordinates of a pixel of plane `index`. */
export function placeAt(view: View, index: number, [x, y]: readonly [number, number]): Vector {
  const { axes, corner, pixel } = view;
  const across = plus([0, 0, 0], axes.right, corner[0] + x * pixel);
  const downwards = plus(across, axes.down, corner[1] + y * pixel);
  return plus(downwards, axes.out, depthOf(view, index));
}

/** The pixel next to a place; fractions count. */
export function pixelAt({ axes, corner, pixel }: View, place: Vector): [number, number] {
  return [
    (dot(place, axes.right) - corner[0]) / pixel,
    (dot(place, axes.down) - corner[1]) / pixel,
  ];
}

/** Samples through a slab: as many planes as its thickness holds, one at least. */
export const samplesIn = ({ step }: View, thickness: number): number =>
  Math.max(1, Math.round(thickness / step));

/** What is to be asked of the voxels for plane `index`. */
export function cutOf(grid: Grid, view: View, index: number, thickness: number, mode: Mode): Cut {
  const { axes, pixel, step, width, height } = view;
  const per = (way: Vector, by: number): Vector =>
    turnedBack(grid.steps, [way[0] * by, way[1] * by, way[2] * by]);
  return {
    width,
    height,
    start: indexOf(grid, placeAt(view, index, [0, 0])),
    right: per(axes.right, pixel),
    down: per(axes.down, pixel),
    out: per(axes.out, step),
    samples: mode === 'thin' ? 1 : samplesIn(view, thickness),
    mode,
  };
}

/** "H 12.3 mm": how far to which side of the origin. */
export function written(way: Vector, distance: number): string {
  const towards = distance < 0 ? way.map((part) => -part) : way;
  return `${side(towards as unknown as Vector)} ${Math.abs(distance).toFixed(1)} mm`;
}
