/** What the file itself says of a slice (not the list, which only names it), and how it lies on the screen. Pure. */
import type { Point } from './figures/plane.ts';
import { type Raw, type Spacing, spacingOf } from './figures/spacing.ts';
import { measureOf } from './figures/values.ts';
import { cosines, depth, type Sides, side, type Vector } from './geometry.ts';
import { anyTableOf, hasTable, hasWindow, tableOf } from './tools/table.ts';

export interface View {
  readonly width: number;
  readonly centre: number;
  readonly inverted: boolean;
  /** The name of the image's own lookup table, where it is drawn through that; it may be empty. */
  readonly table?: string | null;
  /** Image pixels that one screen pixel to the right, and one down, go by. */
  readonly right: Point;
  readonly down: Point;
}

export interface SliceFacts {
  /** Where rows and columns point in the patient; null when the file does not say. */
  readonly axes: readonly [Vector, Vector] | null;
  /** The same in letters, of images that have only these. */
  readonly letters: readonly [string, string] | null;
  /** The patient's coordinate system, which several series may share; empty when unknown. */
  readonly frame: string;
  readonly depthMm: number | null;
  readonly thicknessMm: number | null;
  readonly rows: number;
  readonly columns: number;
  readonly isColour: boolean;
  readonly unit: string;
  readonly spacing: Spacing;
  readonly framesPerSecond: number | null;
  /** "R CC": which side and view, of projections. */
  readonly projection: string;
  /** It brings a lookup table for display, and no window. */
  readonly hasTable?: boolean;
  /** What the maker calls a table that stands beside a window; null where none does. */
  readonly offered?: string | null;
  /** What the file asks for and is not done. */
  readonly notes: readonly string[];
}

function positive(value: unknown): number | null {
  const number = Number(Array.isArray(value) ? value[0] : value);
  return Number.isFinite(number) && number > 0 ? number : null;
}

/** FrameTime is in ms; the recommended rate wins. */
function framesPerSecond(raw: Raw): number | null {
  const time = positive(raw.FrameTime);
  return (
    positive(raw.RecommendedDisplayFrameRate) ?? positive(raw.CineRate) ?? (time && 1_000 / time)
  );
}

const numbers = (value: unknown): number[] | null =>
  Array.isArray(value) ? value.map(Number) : null;

const LETTERS = /^[LRAPHF]{1,3}$/;

function lettersOf(value: unknown): readonly [string, string] | null {
  const [row = '', column = ''] = Array.isArray(value) ? value.map(String) : [];
  return LETTERS.test(row) && LETTERS.test(column) ? [row, column] : null;
}

function projectionOf(raw: Raw): string {
  const side = String(raw.ImageLaterality ?? raw.Laterality ?? '').trim();
  return [side, String(raw.ViewPosition ?? '').trim()].filter((word) => word !== '').join(' ');
}

function notesOf(raw: Raw): string[] {
  const isUnread = hasTable(raw) && !hasWindow(raw) && anyTableOf(raw) === null;
  return isUnread ? ['The lookup table for display (VOI LUT) cannot be read'] : [];
}

export function factsOf(raw: Raw): SliceFacts {
  const orientation = numbers(raw.ImageOrientationPatient);
  return {
    axes: cosines(orientation),
    letters: lettersOf(raw.PatientOrientation),
    frame: String(raw.FrameOfReferenceUID ?? ''),
    depthMm: depth(numbers(raw.ImagePositionPatient), orientation),
    thicknessMm: positive(raw.SliceThickness),
    rows: Number(raw.Rows ?? 0),
    columns: Number(raw.Columns ?? 0),
    isColour:
      Number(raw.SamplesPerPixel ?? 1) > 1 || raw.PhotometricInterpretation === 'PALETTE COLOR',
    unit: measureOf(raw).unit,
    spacing: spacingOf(raw),
    framesPerSecond: framesPerSecond(raw),
    projection: projectionOf(raw),
    hasTable: tableOf(raw) !== null,
    offered: hasWindow(raw) ? (anyTableOf(raw)?.name ?? null) : null,
    notes: notesOf(raw),
  };
}

/** Screen pixels per image pixel. */
export const zoomOf = ({ right }: View): number => 1 / Math.hypot(...right);

const OPPOSITE: Readonly<Record<string, string>> = {
  L: 'R',
  R: 'L',
  A: 'P',
  P: 'A',
  H: 'F',
  F: 'H',
};

const opposite = (letters: string): string =>
  [...letters].map((letter) => OPPOSITE[letter] ?? '').join('');

function towards(facts: SliceFacts, [x, y]: Point): string {
  const { axes, letters, spacing } = facts;
  if (axes !== null) {
    const [row, column] = axes;
    const [dx, dy] = [x * spacing.across, y * spacing.down];
    const way = ([0, 1, 2] as const).map((axis) => row[axis] * dx + column[axis] * dy);
    const length = Math.hypot(...way);
    return side(way.map((part) => part / length) as unknown as Vector);
  }
  if (letters === null) return '';
  const [letter, along] = Math.abs(x) >= Math.abs(y) ? [letters[0], x] : [letters[1], y];
  return along > 0 ? letter : opposite(letter);
}

/** The patient's sides at the edges of the screen, however the picture was turned. */
export function sidesOf(facts: SliceFacts, { right, down }: View): Sides {
  const back = ([x, y]: Point): Point => [-x, -y];
  return {
    left: towards(facts, back(right)),
    right: towards(facts, right),
    top: towards(facts, back(down)),
    bottom: towards(facts, down),
  };
}
