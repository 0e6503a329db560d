/** The numbers of a figure as a report keeps them. Pure. */
import { type Figure, figures, type Reading } from './figure.ts';

export interface Value {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const UNITS = new Set(['mm', 'mm²', 'px', 'px²', '°', 'HU', 'SUV', 'Bq/ml']);

const value = (name: string, number: number, unit: string): Value => ({
  name,
  value: number,
  unit: UNITS.has(unit) ? unit : '',
});

export function valuesOf({ kind }: Figure, reading: Reading): Value[] {
  const { numbers, spacing, measure, area, statistics, probed } = reading;
  const [first, second] = numbers;
  if (kind === 'probe')
    return (probed ?? []).slice(0, 1).map((n) => value('value', n, measure.unit));
  if (kind === 'bidirectional' && first !== undefined && second !== undefined)
    return [value('long', first, spacing.unit), value('short', second, spacing.unit)];
  if (kind === 'length' && first !== undefined) return [value('length', first, spacing.unit)];
  if (first !== undefined) return [value('angle', first, '°')];
  if (area === null) return [];
  const grey = statistics ?? { mean: null, deviation: null, min: null, max: null };
  const held = (['mean', 'deviation', 'min', 'max'] as const).flatMap((name) => {
    const number = grey[name];
    return number === null ? [] : [value(name, number, measure.unit)];
  });
  return [value('area', area, `${spacing.unit}²`), ...held];
}

/** Of a figure on a picture that is not here: as the report says it. */
export function saidOf(values: readonly Value[]): string[] {
  return values.map(({ name, value: number, unit }) => `${name} ${figures(number)} ${unit}`.trim());
}
