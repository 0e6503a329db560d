/** The stack that a slice belongs to: the slices of its series, or the frames of its file by the file's own tables. Pure. */
import type { Raw } from './figures/spacing.ts';
import { cosines, normal, type Vector } from './geometry.ts';
import type { Slice } from './series.ts';
import { type Placed, plus, type Stack, stackOf } from './volume-stack.ts';

export type RawOf = (imageId: string) => Raw;
type Place = Omit<Placed, 'index'>;

const UNPLACED = 'These are frames of one file, and it does not say where each lies.';
const MIXED = 'The series mixes files of one image with files of many.';

export const isFramed = ({ instance }: Slice): boolean => instance.frames > 1;

export function stackAround(slices: readonly Slice[], shown: Slice, raw: RawOf): Stack | string {
  if (isFramed(shown)) return framed(slices, shown, raw(shown.imageId));
  if (slices.some(isFramed)) return MIXED;
  return stackOf(slices.map(listed));
}

export function listed({ index, instance: { position, orientation } }: Slice): Placed {
  return { index, position, orientation };
}

/** Of several files of many frames, as with phases, the one on screen. */
function framed(slices: readonly Slice[], shown: Slice, raw: Raw): Stack | string {
  const own = slices.filter(({ instance }) => instance === shown.instance);
  const places = placesOf(raw, own.length);
  if (typeof places === 'string') return places;
  return stackOf(own.map(({ index }, at) => ({ index, ...(places[at] as Place) })));
}

/** Never the picture engine's own answer: it makes places up where the file names none. */
export function placesOf(raw: Raw, count: number): Place[] | string {
  const groups = items(raw.PerFrameFunctionalGroupsSequence);
  if (groups.length === 0) return doses(raw, count) ?? UNPLACED;
  if (groups.length !== count)
    return `The file places ${groups.length} frames and holds ${count} of them.`;
  const [shared] = items(raw.SharedFunctionalGroupsSequence);
  // PS3.3 C.7.6.16: a frame's own table stands in for the shared one.
  return groups.map((group) => ({
    position: vector(table(group, shared, 'PlanePositionSequence')?.ImagePositionPatient, 3),
    orientation: vector(
      table(group, shared, 'PlaneOrientationSequence')?.ImageOrientationPatient,
      6,
    ),
  }));
}

/** Of a dose, PS3.3 C.8.8.3.2: distances from the first plane, or heights of axial planes. */
function doses(raw: Raw, count: number): Place[] | null {
  const offsets = vector(raw.GridFrameOffsetVector, count);
  const origin = vector(raw.ImagePositionPatient, 3) as Vector | null;
  const orientation = vector(raw.ImageOrientationPatient, 6);
  const axes = cosines(orientation);
  if (offsets === null || origin === null || axes === null) return null;
  const out = normal(axes);
  const first = offsets[0] as number;
  const isHeight = first !== 0 && Math.abs(first - origin[2]) < 0.01 && Math.abs(out[2]) > 0.9999;
  if (first !== 0 && !isHeight) return null;
  const place = (offset: number): Vector =>
    isHeight ? [origin[0], origin[1], offset] : plus(origin, out, offset);
  return offsets.map((offset) => ({ position: place(offset), orientation }));
}

function table(group: Raw, shared: Raw | undefined, name: string): Raw | undefined {
  return items(group[name])[0] ?? items(shared?.[name])[0];
}

function items(value: unknown): Raw[] {
  const all = Array.isArray(value) ? value : [value];
  return all.filter((item) => item instanceof Object) as Raw[];
}

function vector(value: unknown, length: number): number[] | null {
  if (!Array.isArray(value) || value.length !== length) return null;
  const numbers = value.map(Number);
  return numbers.every(Number.isFinite) ? numbers : null;
}
