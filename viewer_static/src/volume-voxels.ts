/** Voxels of slices. Nothing is ever read from a slice that has not come. Pure. */
import type { Vector } from './geometry.ts';

export type Values = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Float32Array;
export type Mode = 'thin' | 'max' | 'min' | 'mean';

const KINDS = { Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Float32Array } as const;
export type Kind = keyof typeof KINDS;

export const kindOf = (values: ArrayLike<number>): Kind | null => {
  const name = values.constructor.name;
  return name in KINDS ? (name as Kind) : null;
};

export const bytesOf = (kind: Kind): number => KINDS[kind].BYTES_PER_ELEMENT;

export interface Size {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
}

/** No voxel of the volume lies there. */
export const OUTSIDE = Number.NaN;
/** It takes a slice that is not here. */
export const MISSING = Number.POSITIVE_INFINITY;

/** A place this near to a voxel's centre is that voxel, and asks no neighbour. */
const AT_CENTRE = 1e-6;

export class Voxels {
  values: Values;
  readonly present: Uint8Array;
  private lacking: number;

  constructor(
    readonly size: Size,
    kind: Kind,
  ) {
    const { columns, rows, slices } = size;
    this.values = new KINDS[kind](columns * rows * slices);
    this.present = new Uint8Array(slices);
    this.lacking = slices;
  }

  get isWhole(): boolean {
    return this.lacking === 0;
  }

  /** All whole numbers of 16 bits are exact in a 32-bit float: what does not fit the first slice's kind widens all. */
  put(slice: number, values: Values): void {
    const { columns, rows } = this.size;
    if (values.length !== columns * rows) throw new RangeError('A slice of another size.');
    const at = slice * columns * rows;
    this.values.set(values, at);
    if (values.constructor !== this.values.constructor && !isSame(this.values, at, values)) {
      this.values = Float32Array.from(this.values);
      this.values.set(values, at);
    }
    this.lacking -= 1 - (this.present[slice] as number);
    this.present[slice] = 1;
  }

  /** Linear between the eight voxels around the place; a slice that has no weight there is not asked for. */
  at(x: number, y: number, z: number): number {
    const { columns, rows, slices } = this.size;
    const { values, present } = this;
    if (!(within(x, columns) && within(y, rows) && within(z, slices))) return OUTSIDE;
    const k = voxel(z, slices);
    const fz = rest(z, k, slices);
    if (present[k] === 0 || (fz > 0 && present[k + 1] === 0)) return MISSING;
    const i = voxel(x, columns);
    const j = voxel(y, rows);
    const fx = rest(x, i, columns);
    const fy = rest(y, j, rows);
    const base = (k * rows + j) * columns + i;
    const near = flat(values, base, columns, fx, fy);
    if (fz === 0) return near;
    return near + fz * (flat(values, base + rows * columns, columns, fx, fy) - near);
  }

  /** As `at`, from pixel `from` of a line up to `to`; each must have eight neighbours that came. */
  line(
    x: number,
    y: number,
    z: number,
    [dx, dy, dz]: Vector,
    from: number,
    to: number,
    target: Float64Array,
  ): void {
    const { columns, rows } = this.size;
    const { values } = this;
    const layer = rows * columns;
    for (let at = from; at < to; at++) {
      const px = x + at * dx;
      const py = y + at * dy;
      const pz = z + at * dz;
      // Of numbers that are not negative: the whole part.
      const i = px | 0;
      const j = py | 0;
      const k = pz | 0;
      const base = k * layer + j * columns + i;
      const near = quad(values, base, columns, px - i, py - j);
      const far = quad(values, base + layer, columns, px - i, py - j);
      target[at] = near + (pz - k) * (far - near);
    }
  }
}

function quad(values: Values, base: number, columns: number, fx: number, fy: number): number {
  const above = line(values, base, fx);
  return above + fy * (line(values, base + columns, fx) - above);
}

/** A voxel reaches half its size beyond its centre. */
const within = (place: number, count: number): boolean => place >= -0.5 && place <= count - 0.5;

/** The last voxel before a place; the outer half of an outermost voxel is that voxel. */
const voxel = (place: number, count: number): number =>
  Math.min(count - 1, Math.max(0, Math.floor(place + AT_CENTRE)));

/** How far on to the next voxel; what is all but a centre is that centre. */
function rest(place: number, whole: number, count: number): number {
  const part = place - whole;
  return part < AT_CENTRE || whole === count - 1 ? 0 : part;
}

/** Between four voxels of one slice. */
function flat(values: Values, base: number, columns: number, fx: number, fy: number): number {
  const near = line(values, base, fx);
  return fy === 0 ? near : near + fy * (line(values, base + columns, fx) - near);
}

function line(values: Values, base: number, fx: number): number {
  const near = values[base] as number;
  return fx === 0 ? near : near + fx * ((values[base + 1] as number) - near);
}

function isSame(held: Values, at: number, values: Values): boolean {
  return values.every((value, index) => held[at + index] === value);
}
