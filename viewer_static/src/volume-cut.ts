/** Planes and slabs cut out of voxels. Pure; the hot loops of a reconstruction. */
import type { Vector } from './geometry.ts';
import { MISSING, type Mode, OUTSIDE, type Voxels } from './volume-voxels.ts';

/** A cut in voxel indexes: where its first pixel lies, and what one pixel, and one sample through the slab, goes by. */
export interface Cut {
  readonly width: number;
  readonly height: number;
  readonly start: Vector;
  readonly right: Vector;
  readonly down: Vector;
  readonly out: Vector;
  readonly samples: number;
  readonly mode: Mode;
}

/** So near to the last voxel its neighbour is not asked for: it may not be there. */
const EDGE = 1e-6;

/** The pixels of the cut, row by row: values, OUTSIDE or MISSING. */
export function resliced(voxels: Voxels, cut: Cut): Float32Array<ArrayBuffer> {
  const { width, height, start, down, out, mode } = cut;
  const samples = mode === 'thin' ? 1 : cut.samples;
  const pixels = new Float32Array(width * height);
  const line = new Float64Array(width);
  const slab = new Slab(mode, width);
  const read = voxels.isWhole ? wholeLine : openLine;
  for (let row = 0; row < height; row++) {
    slab.clear();
    for (let sample = 0; sample < samples; sample++) {
      const back = sample - (samples - 1) / 2;
      const x = start[0] + row * down[0] + back * out[0];
      const y = start[1] + row * down[1] + back * out[1];
      const z = start[2] + row * down[2] + back * out[2];
      read(voxels, x, y, z, cut.right, line);
      slab.add(line);
    }
    slab.write(pixels, row * width);
  }
  return pixels;
}

/** Any slice may be missing: each voxel is asked for by itself. */
function openLine(
  voxels: Voxels,
  x: number,
  y: number,
  z: number,
  [dx, dy, dz]: Vector,
  line: Float64Array,
): void {
  for (let at = 0; at < line.length; at++)
    line[at] = voxels.at(x + at * dx, y + at * dy, z + at * dz);
}

/** Between the first and the last pixel with eight neighbours nothing is asked any more. */
function wholeLine(
  voxels: Voxels,
  x: number,
  y: number,
  z: number,
  right: Vector,
  line: Float64Array,
): void {
  const [dx, dy, dz] = right;
  const { columns, rows, slices } = voxels.size;
  const inner = [0, line.length] as [number, number];
  narrow(inner, x, dx, columns);
  narrow(inner, y, dy, rows);
  narrow(inner, z, dz, slices);
  const [from, to] = inner;
  for (let at = 0; at < Math.min(from, line.length); at++)
    line[at] = voxels.at(x + at * dx, y + at * dy, z + at * dz);
  for (let at = Math.max(from, to); at < line.length; at++)
    line[at] = voxels.at(x + at * dx, y + at * dy, z + at * dz);
  voxels.line(x, y, z, right, from, to, line);
}

/** To the pixels that lie between the centres of the first and the last voxel along one axis. */
function narrow(inner: [number, number], begin: number, step: number, count: number): void {
  const end = count - 1 - EDGE;
  if (Math.abs(step) < 1e-12) {
    if (begin < 0 || begin > end) inner[1] = inner[0];
    return;
  }
  const [one, other] = [-begin / step, (end - begin) / step];
  inner[0] = Math.max(inner[0], Math.ceil(Math.min(one, other)));
  inner[1] = Math.max(inner[0], Math.min(inner[1], Math.floor(Math.max(one, other)) + 1));
}

/** What a row of pixels has gathered; one missing slice leaves its pixel without a value: the others would hide it. */
class Slab {
  private readonly found: Float64Array;
  private readonly counts: Uint16Array;

  constructor(
    private readonly mode: Mode,
    width: number,
  ) {
    this.found = new Float64Array(width);
    this.counts = new Uint16Array(width);
  }

  clear(): void {
    this.found.fill(OUTSIDE);
    this.counts.fill(0);
  }

  add(line: Float64Array): void {
    const { found, mode } = this;
    if (mode === 'thin') found.set(line);
    else if (mode === 'max') highest(found, line);
    else if (mode === 'min') lowest(found, line);
    else this.sum(line);
  }

  write(pixels: Float32Array, start: number): void {
    const { found, counts, mode } = this;
    if (mode === 'mean')
      for (let at = 0; at < found.length; at++)
        if ((counts[at] as number) > 1) found[at] = (found[at] as number) / (counts[at] as number);
    pixels.set(found, start);
  }

  private sum(line: Float64Array): void {
    const { found, counts } = this;
    for (let at = 0; at < line.length; at++) {
      const value = line[at] as number;
      if (Number.isNaN(value)) continue;
      found[at] = counts[at] === 0 ? value : (found[at] as number) + value;
      counts[at] = (counts[at] as number) + 1;
    }
  }
}

/** A comparison with what is no number is false, so the negated ones take the first value there is. */
function highest(found: Float64Array, line: Float64Array): void {
  for (let at = 0; at < line.length; at++) {
    const value = line[at] as number;
    if (!Number.isNaN(value) && !((found[at] as number) >= value)) found[at] = value;
  }
}

function lowest(found: Float64Array, line: Float64Array): void {
  for (let at = 0; at < line.length; at++) {
    const value = line[at] as number;
    const held = found[at] as number;
    if (held === MISSING) continue;
    if (value === MISSING || (!Number.isNaN(value) && !(held <= value))) found[at] = value;
  }
}
