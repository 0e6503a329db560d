/** Masks cut by a plane, each pixel from the nearest sheet or from none. Pure; in the worker, beside `volume-cut.ts`. */
import { dot, normal, type Vector } from './geometry.ts';
import { plus } from './volume-stack.ts';

/** Outlines in pixels of their sheet, x and y one after another; what lies in two of them lies outside. */
export type Outlines = readonly (readonly number[])[];

export interface Packed {
  readonly bits: 1 | 8;
  /** Base64. */
  readonly mask: string;
}

/** A mask at one depth: the box around what is set. */
export interface Sheet {
  readonly depth: number;
  /** Of the centre of the box's first pixel, along the pile's rows and down its columns. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly ink: Packed | Outlines;
}

/** Sheets that lie one on another; all lengths are in mm. */
export interface Pile {
  /** Unit vectors, at right angles. */
  readonly row: Vector;
  readonly column: Vector;
  readonly across: number;
  readonly down: number;
  /** How far a sheet reaches to either side, where no other is nearer. */
  readonly reach: number;
  /** Only the edge of what is cut is wanted. */
  readonly isEdge: boolean;
  readonly sheets: readonly Sheet[];
}

/** A plane in the patient: the centre of its first pixel, and what one pixel goes by. */
export interface Through {
  readonly start: Vector;
  readonly right: Vector;
  readonly down: Vector;
  readonly width: number;
  readonly height: number;
  /** The piles that are wanted, by their number. */
  readonly piles: readonly number[];
}

/** What of a pile lies in a plane: 0 to 255 for each pixel of a box of the plane's. */
export interface Stencil {
  readonly pile: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array<ArrayBuffer>;
}

type Bytes = Uint8Array<ArrayBuffer>;
type Range = [from: number, to: number];

/** Of a millimetre, and of a pixel: what lies half way belongs to the next one, whatever the last digits say. */
const HALF_WAY = 1e-6;
/** Depths this close are one. */
const SAME_MM = 0.01;

export function stencilsOf(piles: readonly Pile[], through: Through): Stencil[] {
  const found: Stencil[] = [];
  for (const number of through.piles) {
    const pile = piles[number];
    const stencil = pile === undefined ? null : stencilOf(pile, through);
    if (stencil !== null) found.push({ pile: number, ...stencil });
  }
  return found;
}

/** In the pile's own millimetres: along its rows, down its columns, from sheet to sheet. */
interface Lie {
  readonly start: Vector;
  readonly right: Vector;
  readonly down: Vector;
}

/** What of a sheet can be cut at all, in the pile's millimetres, and the pixels of the plane around it. */
interface Slab {
  readonly sheet: Sheet;
  readonly low: Vector;
  readonly high: Vector;
  readonly columns: Range;
  readonly rows: Range;
}

function stencilOf(pile: Pile, through: Through): Omit<Stencil, 'pile'> | null {
  const axes = [pile.row, pile.column, normal([pile.row, pile.column])] as const;
  const own = (place: Vector): Vector => [
    dot(place, axes[0]),
    dot(place, axes[1]),
    dot(place, axes[2]),
  ];
  const lie = { start: own(through.start), right: own(through.right), down: own(through.down) };
  const slabs = slabsOf(pile, lie, through);
  if (slabs.length === 0) return null;
  const left = Math.min(...slabs.map(({ columns }) => columns[0]));
  const top = Math.min(...slabs.map(({ rows }) => rows[0]));
  const width = Math.max(...slabs.map(({ columns }) => columns[1])) - left;
  const height = Math.max(...slabs.map(({ rows }) => rows[1])) - top;
  const stencil = { left, top, width, height, values: new Uint8Array(width * height) };
  for (const slab of slabs) press(slab, pile, lie, stencil);
  return pile.isEdge ? { ...stencil, values: edgeOf(stencil) } : stencil;
}

function slabsOf({ sheets, across, down, reach }: Pile, lie: Lie, plane: Through): Slab[] {
  const slabs: Slab[] = [];
  const [lowest, highest] = depthsOf(lie, plane);
  sheets.forEach((sheet, at) => {
    const { left, top, width, height } = sheet;
    const [near, far] = spanOf(sheets, at, reach);
    if (far < lowest - HALF_WAY || near > highest + HALF_WAY) return;
    const low: Vector = [left - across / 2, top - down / 2, near];
    const high: Vector = [left + (width - 0.5) * across, top + (height - 0.5) * down, far];
    const around = boxOf(low, high, lie, plane);
    if (around !== null) slabs.push({ sheet, low, high, ...around });
  });
  return slabs;
}

/** Between which the plane lies: most sheets of a pile are passed by at one look. */
function depthsOf({ start, right, down }: Lie, { width, height }: Through): Range {
  const across = right[2] * (width - 1);
  const downwards = down[2] * (height - 1);
  return [
    start[2] + Math.min(0, across) + Math.min(0, downwards),
    start[2] + Math.max(0, across) + Math.max(0, downwards),
  ];
}

/** Half of the way to the neighbours that lie elsewhere, and never further than the reach. */
function spanOf(sheets: readonly Sheet[], at: number, reach: number): Range {
  const { depth } = sheets[at] as Sheet;
  let [before, behind] = [at - 1, at + 1];
  while (before >= 0 && depth - (sheets[before] as Sheet).depth < SAME_MM) before -= 1;
  while (behind < sheets.length && (sheets[behind] as Sheet).depth - depth < SAME_MM) behind += 1;
  const last = sheets[before]?.depth ?? Number.NEGATIVE_INFINITY;
  const next = sheets[behind]?.depth ?? Number.POSITIVE_INFINITY;
  return [Math.max(depth - reach, (last + depth) / 2), Math.min(depth + reach, (next + depth) / 2)];
}

/** The pixels of the plane around a box in space; null where the plane passes it by. */
function boxOf(
  low: Vector,
  high: Vector,
  { start, right, down }: Lie,
  plane: Through,
): Pick<Slab, 'columns' | 'rows'> | null {
  const away = plus(plus([0, 0, 0], plus(low, high), 0.5), start, -1);
  const half = plus([0, 0, 0], plus(high, low, -1), 0.5);
  const [near, far] = extent(away, half, normal([right, down]));
  if (near > HALF_WAY || far < -HALF_WAY) return null;
  const columns = pixels(extent(away, half, right), plane.width);
  const rows = pixels(extent(away, half, down), plane.height);
  return columns[0] < columns[1] && rows[0] < rows[1] ? { columns, rows } : null;
}

/** From where to where a box reaches, in steps of a way. */
function extent(middle: Vector, [x, y, z]: Vector, way: Vector): Range {
  const per = 1 / dot(way, way);
  const centre = dot(middle, way) * per;
  const spread = (x * Math.abs(way[0]) + y * Math.abs(way[1]) + z * Math.abs(way[2])) * per;
  return [centre - spread, centre + spread];
}

const pixels = ([from, to]: Range, count: number): Range => [
  Math.max(0, Math.floor(from)),
  Math.min(count, Math.ceil(to) + 1),
];

function press(slab: Slab, pile: Pile, lie: Lie, target: Omit<Stencil, 'pile'>): void {
  const { sheet, low, high } = slab;
  const { start, right, down } = lie;
  for (let row = slab.rows[0]; row < slab.rows[1]; row++) {
    const begin = plus(start, down, row);
    const line: Range = [slab.columns[0], slab.columns[1]];
    for (const axis of [0, 1, 2] as const)
      narrow(line, begin[axis], right[axis], low[axis], high[axis]);
    const to = (row - target.top) * target.width - target.left;
    pressLine(sheet, pile, begin, right, line, target.values, to);
  }
}

/** A line of the plane's pixels, each from the sheet's pixel that is next. */
function pressLine(
  sheet: Sheet,
  { across, down }: Pile,
  begin: Vector,
  right: Vector,
  [from, end]: Range,
  values: Bytes,
  to: number,
): void {
  const { width, height } = sheet;
  const bytes = bytesOf(sheet);
  const isPacked = !('bits' in sheet.ink) || sheet.ink.bits === 1;
  const u = (begin[0] - sheet.left) / across + 0.5 + HALF_WAY;
  const v = (begin[1] - sheet.top) / down + 0.5 + HALF_WAY;
  const [du, dv] = [right[0] / across, right[1] / down];
  for (let column = from; column < end; column++) {
    const at = held(v + column * dv, height) * width + held(u + column * du, width);
    const value = isPacked ? bit(bytes, at) : (bytes[at] as number);
    if (value > (values[to + column] as number)) values[to + column] = value;
  }
}

const bit = (bytes: Bytes, at: number): number =>
  ((bytes[at >> 3] as number) >> (7 - (at & 7))) & 1 ? 255 : 0;

/** The whole part, which rounding must not carry over an edge. */
const held = (place: number, count: number): number => Math.min(count - 1, place | 0);

/** To the pixels whose place along one axis is not before `low`, and before `high`. */
function narrow(line: Range, begin: number, step: number, low: number, high: number): void {
  const [near, far] = [low - HALF_WAY - begin, high - HALF_WAY - begin];
  if (Math.abs(step) < 1e-9) {
    if (near > 0 || far <= 0) line[1] = line[0];
    return;
  }
  const from = step > 0 ? Math.ceil(near / step) : Math.floor(far / step) + 1;
  const to = step > 0 ? Math.ceil(far / step) : Math.floor(near / step) + 1;
  line[0] = Math.max(line[0], from);
  line[1] = Math.max(line[0], Math.min(line[1], to));
}

/** What is set and has a neighbour that is not. */
function edgeOf({ values, width, height }: Omit<Stencil, 'pile'>): Bytes {
  const edge = values.slice();
  for (let row = 1; row < height - 1; row++)
    for (let column = 1; column < width - 1; column++) {
      const at = row * width + column;
      const isInner =
        (values[at - 1] as number) &
        (values[at + 1] as number) &
        (values[at - width] as number) &
        (values[at + width] as number);
      if (isInner !== 0) edge[at] = 0;
    }
  return edge;
}

const unpacked = new WeakMap<Sheet, Bytes>();

/** When it is first cut: of most sheets that is never. */
function bytesOf(sheet: Sheet): Bytes {
  const known = unpacked.get(sheet);
  if (known !== undefined) return known;
  const { ink, width, height } = sheet;
  const made = 'mask' in ink ? decoded(ink.mask) : filled(ink, width, height);
  unpacked.set(sheet, made);
  return made;
}

function decoded(mask: string): Bytes {
  const text = atob(mask);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** One bit for each pixel whose centre lies within an odd number of outlines. */
export function filled(outlines: Outlines, width: number, height: number): Bytes {
  const crossings = Array.from({ length: height }, (): number[] => []);
  for (const outline of outlines) cross(outline, crossings);
  const bytes = new Uint8Array(Math.ceil((width * height) / 8));
  crossings.forEach((places, row) => {
    places.sort((one, other) => one - other);
    for (let at = 0; at + 1 < places.length; at += 2) {
      const end = Math.min(width, Math.ceil(places[at + 1] as number));
      for (let column = Math.max(0, Math.ceil(places[at] as number)); column < end; column++) {
        const pixel = row * width + column;
        bytes[pixel >> 3] = (bytes[pixel >> 3] as number) | (128 >> (pixel & 7));
      }
    }
  });
  return bytes;
}

/** Where an outline goes through the centres of each row. */
function cross(outline: readonly number[], crossings: readonly number[][]): void {
  const count = outline.length;
  for (let at = 0; at < count; at += 2) {
    const [ax, ay] = [outline[at] as number, outline[at + 1] as number];
    const [bx, by] = [outline[(at + 2) % count] as number, outline[(at + 3) % count] as number];
    const end = Math.min(crossings.length, Math.ceil(Math.max(ay, by)));
    for (let row = Math.max(0, Math.ceil(Math.min(ay, by))); row < end; row++)
      crossings[row]?.push(ax + ((row - ay) / (by - ay)) * (bx - ax));
  }
}
