/** Contours of a structure set as piles: what they enclose, and they themselves. Pure. */
import { dot, normal, type Vector } from '../geometry.ts';
import type { Sheet } from '../volume-sheets.ts';
import { plus } from '../volume-stack.ts';
import type { Contents, Contour } from './contents.ts';
import {
  type Axes,
  type Flat,
  type Ground,
  gapOf,
  type Lost,
  normalOf,
  piled,
  SAME_MM,
  type Stock,
  unit,
} from './pile-model.ts';
import { CONTOUR_MM } from './place.ts';

type Region = NonNullable<Contents['structures']>['regions'][number];

interface Group {
  readonly axes: Axes;
  readonly flats: Flat[];
}

export function contoursOf(region: Region, ground: Ground, lost: Lost): Stock[] {
  const { row, column, across, down } = ground;
  const groups: Group[] = [{ axes: { row, column, across, down }, flats: [] }];
  const isHere =
    region.frame_of_reference !== '' && region.frame_of_reference === ground.frameOfReference;
  for (const contour of region.contours) {
    if (contour.pixels !== undefined || contour.points.length === 0) lost.placeless += 1;
    else if (!isHere) lost.elsewhere += 1;
    else if (!laid(contour, groups)) lost.bent += 1;
  }
  const used = groups.filter(({ flats }) => flats.length > 0);
  return used.map(({ axes, flats }) => ({
    key: region.number,
    pile: piled(axes, leaves(flats, axes, ground), gapOf(flats), ground, true),
    contours: flats,
  }));
}

/** To those that face the same way, the slices' own first. False where it lies in no plane. */
function laid(contour: Contour, groups: Group[]): boolean {
  let group = groups.find(({ axes }) => thickness(contour, axes) <= CONTOUR_MM);
  if (group === undefined) {
    const axes = facing(contour, (groups[0] as Group).axes);
    if (axes === null || thickness(contour, axes) > CONTOUR_MM) return false;
    group = { axes, flats: [] };
    groups.push(group);
  }
  group.flats.push({ depth: middle(contour, group.axes), contour });
  return true;
}

/** Its points in the patient. */
export function* placesOf({ points }: Contour): Generator<Vector> {
  for (let at = 0; at + 2 < points.length; at += 3)
    yield [points[at] as number, points[at + 1] as number, points[at + 2] as number];
}

function spanAlong(contour: Contour, way: Vector): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const place of placesOf(contour)) {
    const depth = dot(place, way);
    low = Math.min(low, depth);
    high = Math.max(high, depth);
  }
  return [low, high];
}

function thickness(contour: Contour, axes: Axes): number {
  const [low, high] = spanAlong(contour, normalOf(axes));
  return high - low;
}

function middle(contour: Contour, axes: Axes): number {
  const [low, high] = spanAlong(contour, normalOf(axes));
  return (low + high) / 2;
}

/** By Newell's normal; null of a line. */
function facing(contour: Contour, { across, down }: Axes): Axes | null {
  const places = [...placesOf(contour)];
  let out: Vector = [0, 0, 0];
  places.forEach((place, at) => {
    out = plus(out, normal([place, places[(at + 1) % places.length] as Vector]));
  });
  if (Math.hypot(...out) < 1e-3) return null;
  const way = unit(out);
  const flattest = Math.min(...way.map(Math.abs));
  const help = way.map((part) => (Math.abs(part) === flattest ? 1 : 0)) as unknown as Vector;
  const row = unit(normal([help, way]));
  const size = Math.min(across, down);
  return { row, column: normal([way, row]), across: size, down: size };
}

/** Closed contours of one depth make one sheet, on the volume's own pixels where they lie in its slices. */
function leaves(flats: readonly Flat[], axes: Axes, { origin }: Ground): Sheet[] {
  const closed = flats.filter(({ contour }) => contour.kind.startsWith('CLOSED'));
  closed.sort((one, other) => one.depth - other.depth);
  const levels: { depth: number; contours: Contour[] }[] = [];
  for (const { depth, contour } of closed) {
    const last = levels.at(-1);
    if (last !== undefined && depth - last.depth < SAME_MM) last.contours.push(contour);
    else levels.push({ depth, contours: [contour] });
  }
  return levels.flatMap(({ depth, contours }) => leaf(depth, contours, axes, origin) ?? []);
}

function leaf(
  depth: number,
  contours: readonly Contour[],
  { row, column, across, down }: Axes,
  origin: Vector,
): Sheet | null {
  const [u, v] = [dot(origin, row), dot(origin, column)];
  const outlines = contours.map((contour) =>
    [...placesOf(contour)].flatMap((place) => [
      (dot(place, row) - u) / across,
      (dot(place, column) - v) / down,
    ]),
  );
  const [left, right] = ends(outlines, 0);
  const [top, bottom] = ends(outlines, 1);
  if (right < left || bottom < top) return null;
  return {
    depth,
    left: u + left * across,
    top: v + top * down,
    width: right - left + 1,
    height: bottom - top + 1,
    ink: outlines.map((outline) => outline.map((value, at) => value - (at % 2 === 0 ? left : top))),
  };
}

/** The first and the last pixel whose centre lies within. */
function ends(outlines: readonly (readonly number[])[], parity: 0 | 1): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const outline of outlines)
    for (let at = parity; at < outline.length; at += 2) {
      low = Math.min(low, outline[at] as number);
      high = Math.max(high, outline[at] as number);
    }
  return [Math.ceil(low), Math.floor(high)];
}

/** What is drawn on a plane at this depth: the nearest, if that reaches so far. */
export function levelAt(flats: readonly Flat[], depth: number, reach: number): Flat[] {
  const away = (flat: Flat) => Math.abs(flat.depth - depth);
  let [near] = flats;
  for (const flat of flats) if (near === undefined || away(flat) < away(near)) near = flat;
  const level = near;
  if (level === undefined || away(level) > reach) return [];
  return flats.filter((flat) => Math.abs(flat.depth - level.depth) < SAME_MM);
}
