/** One thing a reader drew on an image, and the words that belong to it. Pure. */
import type { Point } from './plane.ts';
import { angle, cobb, distance, ellipse, polygon, type Region } from './shape.ts';
import { type Raw, type Spacing, spacingOf } from './spacing.ts';
import { type Measure, measureOf, type Picture, type Statistics, statistics } from './values.ts';

export type Kind =
  | 'length'
  | 'bidirectional'
  | 'angle'
  | 'cobb'
  | 'ellipse'
  | 'rectangle'
  | 'freehand'
  | 'probe'
  | 'arrow'
  | 'text';

export interface Figure {
  readonly kind: Kind;
  readonly points: readonly Point[];
  /** What the reader wrote. */
  readonly label: string;
}

export interface Reading {
  readonly spacing: Spacing;
  readonly measure: Measure;
  /** Lengths (one, or long and short axis) or an angle. */
  readonly numbers: readonly number[];
  readonly area: number | null;
  readonly statistics: Statistics | null;
  readonly probed: readonly number[] | null;
  readonly lines: readonly string[];
}

/** As many digits as a hand can place. */
export function figures(value: number): string {
  const digits =
    Number.isInteger(value) || Math.abs(value) >= 1_000 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits).replace('-', '−');
}

const amount = (value: number, unit: string): string =>
  unit === '' ? figures(value) : `${figures(value)} ${unit}`;

const noted = (line: string, { note }: Spacing): string =>
  note === '' ? line : `${line} (${note})`;

const at = (points: readonly Point[], index: number): Point => points[index] ?? [0, 0];

export function read(figure: Figure, raw: Raw, picture: Picture | null): Reading {
  const spacing = spacingOf(raw, figure.points);
  const measure = measureOf(raw);
  const numbers = numbersOf(figure, spacing);
  const region = regionOf(figure, spacing);
  const found = region === null || picture === null ? null : statistics(picture, region);
  const statistic = found === null ? null : inUnit(found, measure);
  const probed =
    figure.kind === 'probe' && picture !== null ? probe(figure, picture, measure) : null;
  const draft = {
    spacing,
    measure,
    numbers,
    area: region?.area ?? null,
    statistics: statistic,
    probed,
  };
  return { ...draft, lines: linesOf(figure, draft) };
}

function numbersOf({ kind, points }: Figure, size: Spacing): number[] {
  const point = (index: number) => at(points, index);
  if (kind === 'length') return [distance(size, point(0), point(1))];
  if (kind === 'angle') return [angle(size, point(0), point(1), point(2))];
  if (kind === 'cobb') return [cobb(size, point(0), point(1), point(2), point(3))];
  if (kind !== 'bidirectional') return [];
  const axes = [distance(size, point(0), point(1)), distance(size, point(2), point(3))];
  return axes.sort((one, other) => other - one);
}

function regionOf({ kind, points }: Figure, size: Spacing): Region | null {
  if (kind === 'freehand') return points.length > 2 ? polygon(size, points) : null;
  if (points.length < 4) return null;
  const [a, b, c, d] = [at(points, 0), at(points, 1), at(points, 2), at(points, 3)];
  if (kind === 'ellipse') return ellipse(size, [a, b, c, d]);
  return kind === 'rectangle' ? polygon(size, [a, b, d, c]) : null;
}

function inUnit(found: Statistics, { factor }: Measure): Statistics {
  const { count, mean, deviation, min, max } = found;
  return {
    count,
    mean: mean * factor,
    deviation: deviation * factor,
    min: min * factor,
    max: max * factor,
  };
}

function probe(figure: Figure, picture: Picture, { factor }: Measure): number[] | null {
  const [x, y] = at(figure.points, 0).map(Math.round) as [number, number];
  const { columns, rows, samples, values } = picture;
  if (x < 0 || y < 0 || x >= columns || y >= rows) return null;
  const first = (y * columns + x) * samples;
  const found = Array.from({ length: Math.min(3, samples) }, (_, n) => Number(values[first + n]));
  return samples === 1 ? found.map((value) => value * factor) : found;
}

function linesOf(figure: Figure, reading: Omit<Reading, 'lines'>): string[] {
  const written = figure.label === '' ? [] : [figure.label];
  if (figure.kind === 'arrow' || figure.kind === 'text') return written;
  return [...written, ...measured(figure, reading)];
}

function measured({ kind, points }: Figure, reading: Omit<Reading, 'lines'>): string[] {
  const { spacing, measure, numbers, probed } = reading;
  const [first = 0, second = 0] = numbers;
  if (kind === 'length') return [noted(amount(first, spacing.unit), spacing)];
  if (kind === 'angle' || kind === 'cobb') return [`${first.toFixed(1)}°`];
  if (kind === 'bidirectional')
    return [noted(`${figures(first)} × ${amount(second, spacing.unit)}`, spacing)];
  if (kind !== 'probe') return regional(reading);
  const place = at(points, 0).map(Math.round).join(', ');
  if (probed === null) return ['outside the image'];
  const value =
    probed.length === 1 ? amount(probed[0] as number, measure.unit) : `RGB ${probed.join(' ')}`;
  return [value, `(${place})`];
}

function regional({ spacing, measure, area, statistics: found }: Omit<Reading, 'lines'>): string[] {
  if (area === null) return [];
  const size = noted(`Area ${amount(area, `${spacing.unit}²`)}`, spacing);
  if (found === null) return [size];
  const { unit } = measure;
  return [
    `Mean ${amount(found.mean, unit)} · SD ${figures(found.deviation)}`,
    `Min ${figures(found.min)} · Max ${amount(found.max, unit)}`,
    size,
  ];
}
