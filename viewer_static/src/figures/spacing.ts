/** How large a pixel is, and whether that may be believed. Pure. */
import type { Point } from './plane.ts';

export type Raw = Readonly<Record<string, unknown>>;

export interface Spacing {
  /** Between rows (down the image), between columns (across it), as Pixel Spacing orders them. */
  readonly down: number;
  readonly across: number;
  readonly unit: 'mm' | 'px';
  /** What a reader must know of the millimetres; empty when they are the patient's. */
  readonly note: string;
}

export const PIXELS: Spacing = { down: 1, across: 1, unit: 'px', note: '' };

/** Projections: the object is magnified onto the detector, PS3.3 10.7.1.3. */
const PROJECTION =
  /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(1(\.[123](\.1)?|\.1\.1)?|12\.[123](\.1)?|6\.1\.9)$/;
const CENTIMETRES = 3;

function pair(value: unknown): [number, number] | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [down = 0, across = 0] = value.map(Number);
  return down > 0 && across > 0 && Number.isFinite(down + across) ? [down, across] : null;
}

const mm = ([down, across]: [number, number], note = ''): Spacing => ({
  down,
  across,
  unit: 'mm',
  note,
});

const items = (value: unknown): Raw[] =>
  (Array.isArray(value) ? value : [value]).filter((item) => item instanceof Object) as Raw[];

/** Marks a spacing that only tells the shape of a pixel. */
export const NO_SPACING = '_PixelSpacingIsAspect';

/** Height of a pixel by its width, PS3.3 C.7.6.3.1.7; 1 where it is not told, or not to be believed. */
export function aspectOf(ratio: unknown): number {
  const [vertical, horizontal] = pair(ratio) ?? [1, 1];
  const aspect = vertical / horizontal;
  return aspect > 0.05 && aspect < 20 ? aspect : 1;
}

/** Millimetres only where the file answers for them; else pixels. */
export function spacingOf(raw: Raw, points: readonly Point[] = []): Spacing {
  if (raw[NO_SPACING] === true) return region(raw, points);
  const own = pair(raw.PixelSpacing) ?? measured(raw);
  if (PROJECTION.test(String(raw.SOPClassUID))) return projected(raw, own);
  if (own !== null) return mm(own);
  return region(raw, points);
}

/** Enhanced multi-frame images keep it with what all frames share. */
function measured(raw: Raw): [number, number] | null {
  const [shared] = items(raw.SharedFunctionalGroupsSequence);
  const [measures] = items(shared?.PixelMeasuresSequence);
  return pair(measures?.PixelSpacing);
}

function projected(raw: Raw, own: [number, number] | null): Spacing {
  const detector = pair(raw.ImagerPixelSpacing);
  if (own !== null && String(raw.PixelSpacingCalibrationType ?? '') !== '')
    return mm(own, 'calibrated');
  if (detector === null) return PIXELS;
  if (own?.some((value, axis) => value !== detector[axis])) return mm(own, 'calibrated');
  const magnification = Number(raw.EstimatedRadiographicMagnificationFactor);
  if (magnification > 1)
    return mm([detector[0] / magnification, detector[1] / magnification], 'estimated');
  return mm(detector, 'at detector');
}

/** Ultrasound: the region that holds every point answers, or none does. */
function region(raw: Raw, points: readonly Point[]): Spacing {
  const spatial = items(raw.SequenceOfUltrasoundRegions).filter(
    (item) =>
      Number(item.PhysicalUnitsXDirection) === CENTIMETRES &&
      Number(item.PhysicalUnitsYDirection) === CENTIMETRES,
  );
  const holds = (item: Raw) =>
    points.every(
      ([x, y]) =>
        x >= Number(item.RegionLocationMinX0) &&
        x <= Number(item.RegionLocationMaxX1) &&
        y >= Number(item.RegionLocationMinY0) &&
        y <= Number(item.RegionLocationMaxY1),
    );
  const found = spatial.find(holds);
  const delta = (key: string) => Math.abs(Number(found?.[key])) * 10;
  const size = pair([delta('PhysicalDeltaY'), delta('PhysicalDeltaX')]);
  return size === null ? PIXELS : mm(size, 'region');
}
