/** What the pixels of a region amount to, and in which unit. Pure. */
import type { Region } from './shape.ts';
import type { Raw } from './spacing.ts';

export interface Picture {
  readonly columns: number;
  readonly rows: number;
  /** Numbers per pixel: 1, or 3 and 4 for colour. */
  readonly samples: number;
  /** After rescale. */
  readonly values: ArrayLike<number>;
}

export interface Statistics {
  readonly count: number;
  readonly mean: number;
  /** Of the population: divided by the number of pixels, as numpy's `std`. */
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
}

export interface Measure {
  readonly unit: string;
  /** From stored (rescaled) values to the unit. */
  readonly factor: number;
}

/** Null when the region holds no pixel of the picture, or the picture is in colour. */
export function statistics(picture: Picture, region: Region): Statistics | null {
  const { columns, rows, values } = picture;
  if (picture.samples !== 1) return null;
  let [count, mean, squares, min, max] = [0, 0, 0, Infinity, -Infinity];
  for (let y = Math.max(0, region.from[1]); y <= Math.min(rows - 1, region.to[1]); y++) {
    for (let x = Math.max(0, region.from[0]); x <= Math.min(columns - 1, region.to[0]); x++) {
      if (!region.holds(x, y)) continue;
      const value = values[y * columns + x] as number;
      count += 1;
      const away = value - mean;
      mean += away / count;
      squares += away * (value - mean);
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }
  return count === 0 ? null : { count, mean, deviation: Math.sqrt(squares / count), min, max };
}

const given = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** Of grey values: HU, SUV where all it takes is in the file, else what the file names, else nothing. */
export function measureOf(raw: Raw): Measure {
  const type = String(raw.RescaleType ?? '').toUpperCase();
  if (raw.Modality === 'CT')
    return { unit: given(raw.RescaleSlope) && isHounsfield(type) ? 'HU' : '', factor: 1 };
  if (raw.Modality === 'PT') return uptake(raw);
  return { unit: type === 'US' || type === 'UNSPECIFIED' ? '' : type, factor: 1 };
}

const isHounsfield = (type: string): boolean => type === '' || type.startsWith('HU');

/** SUV by body weight, decay counted from the injection to the start of the series. */
function uptake(raw: Raw): Measure {
  const units = String(raw.Units ?? '');
  if (units === 'GML') return { unit: 'SUV', factor: 1 };
  const factor = units === 'BQML' ? bodyWeight(raw) : Number.NaN;
  return factor > 0
    ? { unit: 'SUV', factor }
    : { unit: units === 'BQML' ? 'Bq/ml' : units, factor: 1 };
}

function bodyWeight(raw: Raw): number {
  const corrected = [raw.CorrectedImage ?? []].flat().map(String);
  const sound = ['ATTN', 'DECY'].every((step) => corrected.includes(step));
  if (!sound || raw.DecayCorrection !== 'START') return Number.NaN;
  const [drug] = [raw.RadiopharmaceuticalInformationSequence ?? []].flat() as Raw[];
  const injected = secondsOf(drug?.RadiopharmaceuticalStartTime);
  const waited = secondsOf(raw.SeriesTime) - injected;
  const dose = Number(drug?.RadionuclideTotalDose);
  const halfLife = Number(drug?.RadionuclideHalfLife);
  // A series before its injection was done on another day, or has wrong clocks.
  if (!(waited >= 0) || !(dose > 0) || !(halfLife > 0)) return Number.NaN;
  return (Number(raw.PatientWeight) * 1_000) / (dose * 2 ** (-waited / halfLife));
}

/** HHMMSS.F since midnight. */
function secondsOf(time: unknown): number {
  const [, h, m, s] = /^(\d\d)(\d\d)(\d\d(?:\.\d+)?)/.exec(String(time ?? '')) ?? [];
  return Number(h) * 3_600 + Number(m) * 60 + Number(s);
}
