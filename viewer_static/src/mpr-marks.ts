/** Figures on reconstructed planes: kept in the patient's coordinates while the study is open, and not saved. Pure. */
import { type Figure, type Reading, read } from './figures/figure.ts';
import type { Point } from './figures/plane.ts';
import type { Raw } from './figures/spacing.ts';
import { dot, type Vector } from './geometry.ts';
import { depthOf, pixelAt, placeAt, type View } from './mpr-planes.ts';
import { lengthOf, plus } from './volume-stack.ts';

const DRAWN = [
  'length',
  'bidirectional',
  'angle',
  'cobb',
  'ellipse',
  'rectangle',
  'freehand',
  'probe',
] as const;
export type PlaneKind = (typeof DRAWN)[number];

/** Of those that one drag does not finish. */
const POINTS: Partial<Record<PlaneKind, number>> = { bidirectional: 4, angle: 3, cobb: 4 };

export const isDrawn = (tool: string): tool is PlaneKind =>
  (DRAWN as readonly string[]).includes(tool);

export const REFUSED =
  'This tool works on the slices only. On planes: lengths, axes, angles, ellipse, rectangle, freehand and probe.';
export const NOT_SAVED =
  'Figures on planes are read from interpolated values and are not saved: ' +
  'they stay until the study is closed. F4 saves a picture of them.';

/** A plane that a picture shows. */
export interface Lie {
  readonly view: View;
  readonly index: number;
}

export interface PlaneMark {
  readonly kind: PlaneKind;
  readonly places: readonly Vector[];
  /** Into the screen, and how far along it the plane lies. */
  readonly out: Vector;
  readonly depth: number;
}

export interface Shown {
  readonly width: number;
  readonly height: number;
  readonly pixels: ArrayLike<number>;
}

/** By the series or file whose volume they were drawn on: planes are left and opened again. */
export type Shelf = Map<string, PlaneMarks>;

export function marksOn(shelf: Shelf, volume: string): PlaneMarks {
  const marks = shelf.get(volume) ?? new PlaneMarks();
  shelf.set(volume, marks);
  return marks;
}

/** Fires `change`: several viewports may show one volume. */
export class PlaneMarks extends EventTarget {
  private all: PlaneMark[] = [];
  private draft: { mark: PlaneMark; readonly lie: Lie; isHeld: boolean } | null = null;

  press(kind: PlaneKind, lie: Lie, at: Point): void {
    if (this.draft?.mark.kind === kind && isOn(this.draft.mark, lie)) this.goOn(at);
    else this.begin(kind, lie, at);
    this.changed();
  }

  /** The third point of an angle ends it; a second line is drawn as the first one was. */
  private goOn(at: Point): void {
    const { draft } = this;
    if (draft === null) return;
    const place = placed(draft.lie, at);
    const first = draft.mark.places.slice(0, 2);
    if (draft.mark.kind === 'angle') {
      this.keep([...first, place]);
      return;
    }
    draft.mark = { ...draft.mark, places: [...first, place, place] };
    draft.isHeld = true;
  }

  private begin(kind: PlaneKind, lie: Lie, at: Point): void {
    const { out } = lie.view.axes;
    const place = placed(lie, at);
    const places = kind === 'probe' || kind === 'freehand' ? [place] : [place, place];
    const mark = { kind, places, out, depth: depthOf(lie.view, lie.index) };
    this.draft = { mark, lie, isHeld: true };
    if (kind === 'probe') this.keep(places);
  }

  /** True when a figure is being drawn there. */
  move(lie: Lie, at: Point): boolean {
    const { draft } = this;
    if (draft === null || !isOn(draft.mark, lie)) return false;
    const { mark, isHeld } = draft;
    draft.mark = { ...mark, places: grown(mark, placed(draft.lie, at), isHeld) };
    this.changed();
    return true;
  }

  /** Some wait for what is still to be drawn; what was not drawn far enough is forgotten. */
  release(pixel: number): void {
    const { draft } = this;
    if (draft === null || !draft.isHeld) return;
    draft.isHeld = false;
    const { kind, places } = draft.mark;
    const isSecond = kind in POINTS && places.length === POINTS[kind];
    if (extent(isSecond ? places.slice(2) : places) < 2 * pixel)
      this.draft = isSecond
        ? { ...draft, mark: { ...draft.mark, places: places.slice(0, 2) } }
        : null;
    else if (isSecond || !(kind in POINTS)) this.keep(places);
    this.changed();
  }

  /** What was begun and not finished is not kept. */
  drop(): void {
    this.draft = null;
    this.changed();
  }

  undo(): boolean {
    if (this.draft !== null) this.draft = null;
    else if (this.all.pop() === undefined) return false;
    this.changed();
    return true;
  }

  get count(): number {
    return this.all.length;
  }

  /** The one nearest to a pixel goes, when it lies within so many. */
  remove(lie: Lie, at: Point, within: number): boolean {
    const far = (mark: PlaneMark) =>
      Math.min(...cornersOf(mark, lie.view).map(([x, y]) => Math.hypot(x - at[0], y - at[1])));
    const [nearest] = this.all
      .filter((mark) => isOn(mark, lie))
      .sort((one, other) => far(one) - far(other));
    if (nearest === undefined || far(nearest) > within) return false;
    this.all = this.all.filter((mark) => mark !== nearest);
    this.changed();
    return true;
  }

  on(lie: Lie): PlaneMark[] {
    const all = this.draft === null ? this.all : [...this.all, this.draft.mark];
    return all.filter((mark) => isOn(mark, lie));
  }

  private changed(): void {
    this.dispatchEvent(new Event('change'));
  }

  private keep(places: readonly Vector[]): void {
    if (this.draft !== null) this.all.push({ ...this.draft.mark, places });
    this.draft = null;
  }
}

const placed = ({ view, index }: Lie, at: Point): Vector => placeAt(view, index, at);

function grown({ kind, places }: PlaneMark, at: Vector, isHeld: boolean): Vector[] {
  const [first = at, second = at, third] = places;
  if (kind === 'freehand') return isHeld ? [...places, at] : [...places];
  if (!isHeld) return kind === 'angle' ? [first, second, at] : [...places];
  if (third === undefined) return [first, at];
  const end = kind === 'cobb' ? at : across(plus(second, first, -1), third, at);
  return [first, second, third, end];
}

/** The place beside `from` as far as `at` is, at right angles to the way. */
function across(way: Vector, from: Vector, at: Vector): Vector {
  return plus(at, way, -dot(plus(at, from, -1), way) / dot(way, way));
}

function extent(places: readonly Vector[]): number {
  const [first] = places;
  return Math.max(...places.map((place) => lengthOf(plus(place, first as Vector, -1))));
}

/** The plane it was drawn on is the one that is shown. */
function isOn({ out, depth }: PlaneMark, { view, index }: Lie): boolean {
  const isParallel = Math.abs(dot(out, view.axes.out) - 1) < 1e-9;
  return isParallel && Math.abs(depth - depthOf(view, index)) < view.step / 100;
}

/** Its points in pixels of a view. */
export const cornersOf = ({ places }: PlaneMark, view: View): Point[] =>
  places.map((place) => pixelAt(view, place));

/** As on the slices: a rectangle by two corners, an ellipse from its centre. */
export function figureOf(mark: PlaneMark, view: View): Figure {
  const points = cornersOf(mark, view);
  const [[ax, ay] = [0, 0], [bx, by] = [0, 0]] = points;
  const [w, h] = [bx - ax, by - ay];
  const shaped: Partial<Record<PlaneKind, readonly Point[]>> = {
    rectangle: [
      [ax, ay],
      [bx, ay],
      [ax, by],
      [bx, by],
    ],
    ellipse: [
      [ax, ay - h],
      [ax, ay + h],
      [ax - w, ay],
      [ax + w, ay],
    ],
  };
  return { kind: mark.kind, points: shaped[mark.kind] ?? points, label: '' };
}

/** Numbers and words from the values on screen; none where a place has no value. */
export function readingOf(mark: PlaneMark, view: View, shown: Shown | null, raw: Raw): Reading {
  const { pixel } = view;
  // What all images of the series say of their values stays; the pixels are ours.
  const own = Object.create(raw, {
    SOPClassUID: { value: '' },
    PixelSpacing: { value: [pixel, pixel] },
  }) as Raw;
  const picture =
    shown === null
      ? null
      : { columns: shown.width, rows: shown.height, samples: 1, values: shown.pixels };
  const figure = figureOf(mark, view);
  const reading = read(figure, own, picture);
  if (mark.places.length < (POINTS[mark.kind] ?? 0)) return { ...reading, lines: [] };
  const numbers = [reading.statistics?.mean ?? 0, ...(reading.probed ?? [])];
  if (numbers.every(Number.isFinite)) return reading;
  const bare = read(figure, own, null);
  const isProbe = mark.kind === 'probe';
  return {
    ...bare,
    lines: [...(isProbe ? [] : bare.lines), 'no value: not all of it was reconstructed'],
  };
}
