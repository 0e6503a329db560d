/** Where one slice cuts another. Pure. */
import { minus, type Plane, type Point, pixelOf } from './figures/plane.ts';
import { dot, normal, type Vector } from './geometry.ts';

interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** Slices this close to parallel cut nowhere useful: sine of 5 degrees. */
const PARALLEL = 0.087;

function corners(plane: Plane, { rows, columns }: Size): Vector[] {
  const at = (x: number, y: number): Vector =>
    ([0, 1, 2] as const).map(
      (axis) =>
        plane.origin[axis] +
        plane.row[axis] * plane.across * x +
        plane.column[axis] * plane.down * y,
    ) as unknown as Vector;
  return [at(0, 0), at(columns - 1, 0), at(columns - 1, rows - 1), at(0, rows - 1)];
}

/** The two ends of the cut, in pixels of the target; null when the source does not reach it. */
export function crossing(source: Plane, size: Size, target: Plane): [Point, Point] | null {
  const out = normal([target.row, target.column]);
  const lean = dot(out, normal([source.row, source.column]));
  if (Math.sqrt(Math.max(0, 1 - lean * lean)) < PARALLEL) return null;
  const border = corners(source, size);
  const heights = border.map((corner) => dot(out, minus(corner, target.origin)));
  const cuts: Point[] = [];
  border.forEach((corner, at) => {
    const next = border[(at + 1) % 4] as Vector;
    const [from = 0, to = 0] = [heights[at], heights[(at + 1) % 4]];
    if (from === to || from * to > 0) return;
    const share = from / (from - to);
    const point = ([0, 1, 2] as const).map(
      (axis) => corner[axis] + (next[axis] - corner[axis]) * share,
    );
    cuts.push(pixelOf(target, point as unknown as Vector));
  });
  const [one, ...others] = cuts;
  const far = others.find(
    (cut) => one !== undefined && Math.hypot(cut[0] - one[0], cut[1] - one[1]) > 1e-6,
  );
  return one === undefined || far === undefined ? null : [one, far];
}
