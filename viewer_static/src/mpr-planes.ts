/** Axial, coronal and sagittal through a volume: where each plane lies and what it cuts. Pure. */
import { dot, normal, side, type Vector } from './geometry.ts';
import type { Cut } from './volume-cut.ts';
import { cornersOf, type Grid, indexOf, turnedBack } from './volume-grid.ts';
import { plus } from './volume-stack.ts';
import type { Mode } from './volume-voxels.ts';

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

/** Turned axes come with the place that a plane must go through: no turn moves what is looked at. */
export function viewOf(
  grid: Grid,
  name: Name,
  axes: Axes = AXES[name],
  through: Vector | null = null,
): View {
  const [across, down, out] = [axes.right, axes.down, axes.out].map((way) => spanOf(grid, way)) as [
    Span,
    Span,
    Span,
  ];
  const finest = Math.min(...grid.steps.map((step) => Math.hypot(...step)));
  const longest = Math.max(across.high - across.low, down.high - down.low);
  const pixel = Math.max(finest, longest / (MOST_PIXELS - 1));
  const step = stepOf(grid, axes.out);
  const past = through === null ? 0 : (dot(through, axes.out) - out.low) / step;
  const low = out.low + (past - Math.floor(past)) * step;
  return {
    name,
    axes,
    pixel,
    width: Math.round((across.high - across.low) / pixel) + 1,
    height: Math.round((down.high - down.low) / pixel) + 1,
    corner: [across.low, down.low, low],
    step,
    count: Math.max(1, Math.round((out.high - low) / step) + 1),
  };
}

/** About the way that goes into the screen, from the right of it downwards, in radians. */
export function turnedAxes(axes: Axes, about: Axes, radians: number): Axes {
  const axis = unit(normal([about.right, about.down]));
  // Errors of rounding would grow with every turn: the three stay of length one and at right angles.
  const right = unit(turned(axes.right, axis, radians));
  const leaning = turned(axes.down, axis, radians);
  const down = unit(plus(leaning, right, -dot(leaning, right)));
  const out = normal([right, down]);
  const isInto = dot(normal([axes.right, axes.down]), axes.out) > 0;
  return { right, down, out: isInto ? out : plus([0, 0, 0], out, -1) };
}

/** Rodrigues' formula. */
function turned(way: Vector, axis: Vector, radians: number): Vector {
  const [cosine, sine] = [Math.cos(radians), Math.sin(radians)];
  const straight = plus([0, 0, 0], way, cosine);
  const across = plus(straight, normal([axis, way]), sine);
  return plus(across, axis, dot(axis, way) * (1 - cosine));
}

const unit = (way: Vector): Vector => plus([0, 0, 0], way, 1 / Math.hypot(...way));

/** Degrees between a plane and the one it is named after. */
export function tiltOf({ name, axes }: Pick<View, 'name' | 'axes'>): number {
  return (Math.acos(Math.min(1, dot(axes.out, AXES[name].out))) * 180) / Math.PI;
}

/** The same plane in pixels so many times larger, as while it is dragged. */
export function coarser(view: View, times: number): View {
  if (times === 1) return view;
  const { pixel, width, height } = view;
  return {
    ...view,
    pixel: pixel * times,
    width: Math.ceil(width / times),
    height: Math.ceil(height / times),
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
