import { describe, expect, it } from 'vitest';
import { type Figure, read } from './figure.ts';
import type { Point } from './plane.ts';
import { pixelOf, planeOf, worldOf } from './plane.ts';
import { angle, cobb, ellipse, polygon } from './shape.ts';
import { PIXELS, spacingOf } from './spacing.ts';
import { measureOf, type Picture, statistics } from './values.ts';

const DX = '1.2.840.10008.5.1.4.1.1.1.1';
const square: readonly Point[] = [
  [2, 3],
  [6, 3],
  [6, 8],
  [2, 8],
];
const ramp: Picture = {
  columns: 10,
  rows: 10,
  samples: 1,
  values: Array.from({ length: 100 }, (_, at) => at),
};
const figure = (kind: Figure['kind'], ...points: Point[]): Figure => ({ kind, points, label: '' });

describe('plane', () => {
  it('goes to the patient and back, also where pixels are not square', () => {
    const plane = planeOf({
      imageOrientationPatient: [0, 1, 0, 0, 0, -1],
      imagePositionPatient: [-10, 20, 30],
      columnPixelSpacing: 0.5,
      rowPixelSpacing: 2,
    });
    expect(worldOf(plane, [4, 3])).toEqual([-10, 22, 24]);
    expect(pixelOf(plane, [-10, 22, 24])).toEqual([4, 3]);
  });
});

describe('spacing', () => {
  it('is in millimetres where a cross-section says so, down before across', () => {
    expect(spacingOf({ PixelSpacing: [0.8, 0.7] })).toMatchObject({ down: 0.8, across: 0.7 });
    const shared = [{ PixelMeasuresSequence: [{ PixelSpacing: [0.4, 0.3] }] }];
    expect(spacingOf({ SharedFunctionalGroupsSequence: shared })).toMatchObject({
      down: 0.4,
      unit: 'mm',
    });
  });

  it('says so when a projection knows its detector only', () => {
    expect(spacingOf({ SOPClassUID: DX, ImagerPixelSpacing: [0.1, 0.1] }).note).toBe('at detector');
    const equal = { ImagerPixelSpacing: [0.1, 0.1], PixelSpacing: [0.1, 0.1] };
    expect(spacingOf({ SOPClassUID: DX, ...equal }).note).toBe('at detector');
    const corrected = { ...equal, PixelSpacing: [0.08, 0.08] };
    expect(spacingOf({ SOPClassUID: DX, ...corrected })).toMatchObject({
      across: 0.08,
      note: 'calibrated',
    });
    expect(spacingOf({ SOPClassUID: DX, PixelSpacing: [0.1, 0.1] })).toEqual(PIXELS);
  });

  it('takes the ultrasound region that holds the whole figure, or pixels', () => {
    const region = {
      PhysicalUnitsXDirection: 3,
      PhysicalUnitsYDirection: 3,
      PhysicalDeltaX: 0.05,
      PhysicalDeltaY: -0.05,
      RegionLocationMinX0: 0,
      RegionLocationMinY0: 0,
      RegionLocationMaxX1: 100,
      RegionLocationMaxY1: 100,
    };
    const raw = { SequenceOfUltrasoundRegions: [region] };
    expect(spacingOf(raw, [[10, 10]])).toMatchObject({ across: 0.5, unit: 'mm' });
    expect(
      spacingOf(raw, [
        [10, 10],
        [150, 10],
      ]),
    ).toEqual(PIXELS);
  });

  it('is in pixels when the file is silent or talks nonsense', () => {
    for (const PixelSpacing of [undefined, [0, 0], [-1, 1], ['a', 'b'], [1]])
      expect(spacingOf({ PixelSpacing })).toEqual(PIXELS);
  });
});

describe('shapes', () => {
  it('measures angles in millimetres, not in pixels', () => {
    const tall = { across: 1, down: 2 };
    expect(angle(tall, [0, 0], [0, 4], [8, 4])).toBeCloseTo(90);
    expect(angle(tall, [2, 3], [0, 4], [8, 4])).toBeCloseTo(45);
    expect(cobb(tall, [0, 0], [10, 0], [0, 5], [-10, 0])).toBeCloseTo(45);
  });

  it('knows the area of a polygon whichever way round it was drawn', () => {
    expect(polygon({ across: 0.5, down: 2 }, square).area).toBe(20);
    expect(polygon({ across: 0.5, down: 2 }, [...square].reverse()).area).toBe(20);
  });

  it('holds the pixels of an ellipse that lies askew', () => {
    const turned = ellipse(PIXELS, [
      [-2, -2],
      [2, 2],
      [-4, 4],
      [4, -4],
    ]);
    expect(turned.area).toBeCloseTo(Math.PI * Math.hypot(2, 2) * Math.hypot(4, 4));
    expect([turned.holds(3, -3), turned.holds(3, 3), turned.holds(0, 0)]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('values', () => {
  it('counts the pixels whose centres lie inside', () => {
    const inner: Point[] = [
      [1.5, 1.5],
      [3.5, 1.5],
      [3.5, 3.5],
      [1.5, 3.5],
    ];
    expect(statistics(ramp, polygon(PIXELS, inner))).toEqual({
      count: 4,
      mean: 27.5,
      deviation: Math.sqrt(25.25),
      min: 22,
      max: 33,
    });
  });

  it('counts none outside the picture', () => {
    const beyond = square.map(([x, y]): Point => [x + 100, y]);
    expect(statistics(ramp, polygon(PIXELS, beyond))).toBeNull();
  });

  it('calls only rescaled CT values HU', () => {
    expect(measureOf({ Modality: 'CT', RescaleSlope: 1, RescaleType: 'HU' }).unit).toBe('HU');
    expect(measureOf({ Modality: 'CT', RescaleSlope: 1 }).unit).toBe('HU');
    expect(measureOf({ Modality: 'CT' }).unit).toBe('');
    expect(measureOf({ Modality: 'CT', RescaleSlope: 1, RescaleType: 'US' }).unit).toBe('');
    expect(measureOf({ Modality: 'MR' }).unit).toBe('');
  });

  const pet = {
    Modality: 'PT',
    Units: 'BQML',
    CorrectedImage: ['ATTN', 'DECY'],
    DecayCorrection: 'START',
    SeriesTime: '110000',
    PatientWeight: 70,
    RadiopharmaceuticalInformationSequence: [
      {
        RadiopharmaceuticalStartTime: '100000.00',
        RadionuclideTotalDose: 4e8,
        RadionuclideHalfLife: 6588,
      },
    ],
  };

  it('gives SUV by body weight where all it takes is known', () => {
    const decayed = 4e8 * 2 ** (-3600 / 6588);
    expect(measureOf(pet)).toEqual({ unit: 'SUV', factor: 70_000 / decayed });
  });

  it('stays with activity when anything is missing', () => {
    for (const gap of [
      { PatientWeight: undefined },
      { DecayCorrection: 'ADMIN' },
      { CorrectedImage: ['ATTN'] },
      { SeriesTime: '090000' },
      { RadiopharmaceuticalInformationSequence: [] },
    ])
      expect(measureOf({ ...pet, ...gap })).toEqual({ unit: 'Bq/ml', factor: 1 });
  });
});

describe('figures', () => {
  it('says a length in millimetres, or honestly in pixels', () => {
    const line = figure('length', [0, 0], [3, 4]);
    expect(read(line, { PixelSpacing: [2, 2] }, null).lines).toEqual(['10 mm']);
    expect(read(line, {}, null).lines).toEqual(['5 px']);
  });

  it('names the long axis first', () => {
    const cross = figure('bidirectional', [0, 0], [2, 0], [0, 0], [0, 5]);
    expect(read(cross, { PixelSpacing: [1, 1] }, null).lines).toEqual(['5 × 2 mm']);
  });

  it('tells a colour picture no mean', () => {
    const colour: Picture = { columns: 2, rows: 2, samples: 3, values: new Uint8Array(12).fill(7) };
    const region = figure('rectangle', [-1, -1], [3, -1], [-1, 3], [3, 3]);
    expect(read(region, {}, colour)).toMatchObject({ statistics: null, area: 16 });
    expect(read(figure('probe', [1, 1]), {}, colour).lines[0]).toBe('RGB 7 7 7');
  });
});
