/** Where a slice lies in the patient. Pure. */

export type Vector = readonly [number, number, number];

const AXES: readonly (readonly [string, string])[] = [
  ['L', 'R'],
  ['P', 'A'],
  ['H', 'F'],
];

/** Below this share an axis is not worth a letter on an oblique slice. */
const FAINT = 0.25;

/** "L", "PH" …: the patient's side a direction points to, the strongest axis first. */
export function side(direction: Vector): string {
  return AXES.map(([plus, minus], axis) => {
    const part = direction[axis] ?? 0;
    return { letter: part > 0 ? plus : minus, weight: Math.abs(part) };
  })
    .filter(({ weight }) => weight >= FAINT)
    .sort((one, other) => other.weight - one.weight)
    .map(({ letter }) => letter)
    .join('');
}

export interface Sides {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

/** Six finite numbers that are two unit vectors at right angles; else the orientation is unknown. */
export function cosines(values: unknown): readonly [Vector, Vector] | null {
  if (!Array.isArray(values) || values.length !== 6) return null;
  const [a, b, c, d, e, f] = values.map(Number);
  const row = [a, b, c] as unknown as Vector;
  const column = [d, e, f] as unknown as Vector;
  const sound =
    Math.abs(dot(row, row) - 1) < 0.05 &&
    Math.abs(dot(column, column) - 1) < 0.05 &&
    Math.abs(dot(row, column)) < 0.05;
  return sound ? [row, column] : null;
}

export function dot(one: Vector, other: Vector): number {
  return one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
}

export function normal([row, column]: readonly [Vector, Vector]): Vector {
  return [
    row[1] * column[2] - row[2] * column[1],
    row[2] * column[0] - row[0] * column[2],
    row[0] * column[1] - row[1] * column[0],
  ];
}

/** Millimetres along the slice normal; null when the file does not say. */
export function depth(position: unknown, orientation: unknown): number | null {
  const found = cosines(orientation);
  if (found === null || !Array.isArray(position) || position.length !== 3) return null;
  const place = position.map(Number) as unknown as Vector;
  const value = dot(normal(found), place);
  return Number.isFinite(value) ? value : null;
}
