/** The volume's own grid of voxels in the patient, from the headers of proven files. Pure. */
import { type Raw, spacingOf } from './figures/spacing.ts';
import { cosines, dot, normal, type Vector } from './geometry.ts';
import { lengthOf, plus, type Stack } from './volume-stack.ts';

/** Millimetres by which a header may differ from the list. */
const NEAR = 0.01;

export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
  /** Centre of voxel 0, 0, 0. */
  readonly origin: Vector;
  /** Millimetres from one voxel to the next: along a row, down a column, to the next slice. */
  readonly steps: readonly [Vector, Vector, Vector];
}

export interface Header {
  readonly rows: number;
  readonly columns: number;
  readonly down: number;
  readonly across: number;
  readonly frame: string;
  readonly position: Vector;
  readonly axes: readonly [Vector, Vector];
}

/** What a file says of its place, or why no voxels can be made of it. */
export function headerOf(raw: Raw): Header | string {
  const samples = Number(raw.SamplesPerPixel ?? 1);
  if (samples > 1 || raw.PhotometricInterpretation === 'PALETTE COLOR')
    return 'The images are in colour, which cannot be projected.';
  const axes = cosines(raw.ImageOrientationPatient);
  const position = raw.ImagePositionPatient;
  if (axes === null || !Array.isArray(position) || position.length !== 3)
    return 'A file does not say where it lies in the patient.';
  const spacing = spacingOf(raw);
  if (spacing.unit !== 'mm' || spacing.note !== '')
    return 'The files do not say how large a pixel is in the patient.';
  return {
    rows: Number(raw.Rows),
    columns: Number(raw.Columns),
    down: spacing.down,
    across: spacing.across,
    frame: String(raw.FrameOfReferenceUID ?? ''),
    position: position.map(Number) as unknown as Vector,
    axes,
  };
}

/** Why this slice does not go with the first one, at the place the list gives it. */
export function objection(
  header: Header,
  first: Header,
  stack: Stack,
  place: Vector,
): string | null {
  const { rows, columns, down, across, frame, axes, position } = header;
  if (rows !== first.rows || columns !== first.columns)
    return 'The images are not all of the same size.';
  if (Math.abs(down - first.down) > 1e-4 || Math.abs(across - first.across) > 1e-4)
    return 'The pixels are not all of the same size.';
  if (frame !== first.frame) return 'The images lie in different coordinate systems.';
  const turned = lengthOf(plus(axes[0], stack.row, -1)) + lengthOf(plus(axes[1], stack.column, -1));
  if (turned > NEAR || lengthOf(plus(position, place, -1)) > NEAR)
    return 'A file does not lie where the list says it does.';
  return null;
}

export function gridOf({ order, origin, row, column, step }: Stack, header: Header): Grid {
  const { columns, rows, across, down } = header;
  const along = (way: Vector, by: number): Vector => [way[0] * by, way[1] * by, way[2] * by];
  const steps = [along(row, across), along(column, down), step] as const;
  return { columns, rows, slices: order.length, origin, steps };
}

export const voxelsIn = ({ columns, rows, slices }: Grid): number => columns * rows * slices;

/** Voxel indexes of a place in the patient: the inverse of the three steps, which need not be at right angles. */
export function indexOf({ origin, steps }: Grid, place: Vector): Vector {
  return turnedBack(steps, plus(place, origin, -1));
}

/** The same for a direction, in voxels per millimetre. */
export function turnedBack([one, two, three]: Grid['steps'], way: Vector): Vector {
  const volume = dot(normal([one, two]), three);
  return [
    dot(normal([two, three]), way) / volume,
    dot(normal([three, one]), way) / volume,
    dot(normal([one, two]), way) / volume,
  ];
}

export function placeOf({ origin, steps }: Grid, index: Vector): Vector {
  return steps.reduce((at, step, axis) => plus(at, step, index[axis]), origin);
}

/** The centres of the eight outermost voxels. */
export function cornersOf(grid: Grid): Vector[] {
  const ends = [grid.columns - 1, grid.rows - 1, grid.slices - 1];
  return Array.from({ length: 8 }, (_, corner) =>
    placeOf(grid, ends.map((end, axis) => ((corner >> axis) & 1) * end) as unknown as Vector),
  );
}
