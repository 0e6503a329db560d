/** Whether slices stand one behind the other as a volume. Pure; asked before anything is loaded for it. */
import { cosines, dot, normal, type Vector } from './geometry.ts';
import { plural } from './text.ts';

export const LEAST_SLICES = 5;

/** Of the distance between slices: how far one may lie from its place in an even row. */
const TENTH = 0.1;
/** Directions this close are one: 0.2 degrees, a millimetre at the far end of a large image. */
const SAME_WAY = 0.0035;

export interface Placed {
  /** In the list. */
  readonly index: number;
  readonly position: readonly number[] | null;
  readonly orientation: readonly number[] | null;
}

export interface Stack {
  /** The places in the list, in the order in which they stand along the normal. */
  readonly order: readonly number[];
  /** In that order: the centre of each slice's first pixel, as written. */
  readonly places: readonly Vector[];
  /** Centre of the first pixel of the first slice, in patient coordinates (mm). */
  readonly origin: Vector;
  readonly row: Vector;
  readonly column: Vector;
  /** From one slice to the next (mm); it leans where the gantry was tilted. */
  readonly step: Vector;
  /** Degrees between the step and the normal. */
  readonly tilt: number;
}

interface Place {
  readonly index: number;
  readonly at: Vector;
  readonly depth: number;
}

export const plus = (one: Vector, other: Vector, times = 1): Vector => [
  one[0] + other[0] * times,
  one[1] + other[1] * times,
  one[2] + other[2] * times,
];

export const lengthOf = (vector: Vector): number => Math.hypot(...vector);

/** The stack, or the sentence that says why these slices are none. */
export function stackOf(slices: readonly Placed[]): Stack | string {
  if (slices.length < LEAST_SLICES)
    return `The series has ${plural(slices.length, 'slice')}; a reconstruction takes at least ${LEAST_SLICES}.`;
  const axes = slices.map(({ orientation }) => cosines(orientation));
  const [first] = axes;
  const lost = slices.filter(({ position }, at) => axes[at] === null || !isPlace(position));
  if (first === null || first === undefined || lost.length > 0)
    return `${lost.length} of ${slices.length} slices do not say where they lie in the patient.`;
  if (axes.some((other) => other === null || !isSameWay(first, other)))
    return 'The slices do not all face the same way, as in a localizer or several stacks in one series.';
  return evenly(slices, first);
}

function isPlace(position: readonly number[] | null): boolean {
  return position?.length === 3 && position.every((part) => Number.isFinite(Number(part)));
}

const isSameWay = (one: readonly [Vector, Vector], other: readonly [Vector, Vector]): boolean =>
  [0, 1].every(
    (axis) => lengthOf(plus(one[axis] as Vector, other[axis] as Vector, -1)) <= SAME_WAY,
  );

function evenly(slices: readonly Placed[], axes: readonly [Vector, Vector]): Stack | string {
  const out = normal(axes);
  const places = slices
    .map(({ index, position }): Place => {
      const at = position?.map(Number) as unknown as Vector;
      return { index, at, depth: dot(out, at) };
    })
    .sort((one, other) => one.depth - other.depth);
  const [begin, end] = [places[0] as Place, places.at(-1) as Place];
  const uneven = gaps(places) ?? null;
  if (uneven !== null) return uneven;
  const step = scaled(plus(end.at, begin.at, -1), 1 / (places.length - 1));
  return (
    shifted(places, step, out) ?? {
      order: places.map(({ index }) => index),
      places: places.map(({ at }) => at),
      origin: begin.at,
      row: axes[0],
      column: axes[1],
      step,
      tilt: (Math.acos(Math.min(1, dot(step, out) / lengthOf(step))) * 180) / Math.PI,
    }
  );
}

const scaled = (vector: Vector, by: number): Vector => [
  vector[0] * by,
  vector[1] * by,
  vector[2] * by,
];

/** The usual gap is the middle one: a missing slice does not move it. */
function gaps(places: readonly Place[]): string | null {
  const all = places.slice(1).map(({ depth }, at) => depth - (places[at] as Place).depth);
  const usual = [...all].sort((one, other) => one - other)[all.length >> 1] as number;
  if (all.some((gap) => gap < 0.001 || gap < TENTH * usual))
    return 'Several slices lie in the same place, as with phases, echoes or repeated images.';
  const wide = all.findIndex((gap) => Math.abs(gap - usual) > TENTH * usual);
  if (wide < 0) return null;
  const gap = all[wide] as number;
  const times = Math.round(gap / usual);
  if (times >= 2 && Math.abs(gap - times * usual) <= 2 * TENTH * usual)
    return `${plural(times - 1, 'slice is', 'slices are')} missing: at ${mm((places[wide] as Place).depth)} the next lies ${mm(gap)} away, where the others lie ${mm(usual)} apart.`;
  return `The slices are unevenly spaced, from ${mm(Math.min(...all))} to ${mm(Math.max(...all))}.`;
}

function shifted(places: readonly Place[], step: Vector, out: Vector): string | null {
  const [begin] = places as [Place];
  const room = TENTH * dot(step, out);
  const away = places.map(({ at }, number) => plus(at, plus(begin.at, step, number), -1));
  if (away.some((error) => Math.abs(dot(error, out)) > room))
    return 'The slices are unevenly spaced: their distances drift.';
  if (away.some((error) => lengthOf(error) > room))
    return 'The slices are shifted sideways against each other.';
  return null;
}

const mm = (value: number): string => `${Number(value.toFixed(2))} mm`;
