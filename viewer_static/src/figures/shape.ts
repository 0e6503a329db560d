/** Lengths, angles, areas, and which pixels a region holds. Pure; points are pixels of one image. */
import type { Point } from './plane.ts';
import type { Spacing } from './spacing.ts';

/** True for a pixel whose centre the region holds. */
export type Holds = (x: number, y: number) => boolean;

export interface Region {
  readonly holds: Holds;
  /** In squared units of the spacing. */
  readonly area: number;
  /** Every pixel it could hold lies between these corners. */
  readonly from: Point;
  readonly to: Point;
}

type Size = Pick<Spacing, 'across' | 'down'>;

const scaled = (size: Size, [ax, ay]: Point, [bx, by]: Point): Point => [
  (bx - ax) * size.across,
  (by - ay) * size.down,
];

export function distance(size: Size, from: Point, to: Point): number {
  return Math.hypot(...scaled(size, from, to));
}

const degrees = (radians: number): number => (radians * 180) / Math.PI;

function between([ax, ay]: Point, [bx, by]: Point): number {
  return degrees(Math.atan2(Math.abs(ax * by - ay * bx), ax * bx + ay * by));
}

/** At the middle point, 0 to 180 degrees. */
export function angle(size: Size, from: Point, corner: Point, to: Point): number {
  return between(scaled(size, corner, from), scaled(size, corner, to));
}

/** Between two lines that need not meet, 0 to 90 degrees. */
export function cobb(size: Size, a: Point, b: Point, c: Point, d: Point): number {
  const found = between(scaled(size, a, b), scaled(size, c, d));
  return Math.min(found, 180 - found);
}

function bounds(points: readonly Point[]): Pick<Region, 'from' | 'to'> {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return {
    from: [Math.ceil(Math.min(...xs)), Math.ceil(Math.min(...ys))],
    to: [Math.floor(Math.max(...xs)), Math.floor(Math.max(...ys))],
  };
}

/** Of a polygon whose last point is joined to the first; a centre on the border may fall on either side. */
export function polygon(size: Size, points: readonly Point[]): Region {
  const edges = points.map((point, at) => [point, points.at(at - 1) as Point] as const);
  const twice = edges.reduce((sum, [[ax, ay], [bx, by]]) => sum + bx * ay - ax * by, 0);
  const holds: Holds = (x, y) => {
    let inside = false;
    for (const [[ax, ay], [bx, by]] of edges) {
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
    return inside;
  };
  const area = (Math.abs(twice) / 2) * size.across * size.down;
  return { holds, area, ...bounds(points) };
}

/** By the ends of its two axes, which may lie askew to the pixels. */
export function ellipse(size: Size, ends: readonly [Point, Point, Point, Point]): Region {
  const [top, bottom, left, right] = ends;
  const [cx, cy] = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  const [ux, uy] = [(right[0] - left[0]) / 2, (right[1] - left[1]) / 2];
  const [vx, vy] = [(bottom[0] - top[0]) / 2, (bottom[1] - top[1]) / 2];
  const cross = ux * vy - uy * vx;
  const holds: Holds = (x, y) => {
    const [dx, dy] = [x - cx, y - cy];
    const [s, t] = [(dx * vy - dy * vx) / cross, (ux * dy - uy * dx) / cross];
    return s * s + t * t <= 1;
  };
  const [w, h] = [Math.hypot(ux, vx), Math.hypot(uy, vy)];
  return {
    holds,
    area: Math.PI * Math.abs(cross) * size.across * size.down,
    ...bounds([
      [cx - w, cy - h],
      [cx + w, cy + h],
    ]),
  };
}
