import { describe, expect, it } from 'vitest';
import type { SeriesHead } from './api.ts';
import { counterpart, filled, hang, layoutOf, usual } from './layout.ts';

const head = (id: string, modality: string, description = ''): SeriesHead => ({
  id,
  series_uid: id,
  modality,
  description,
  number: 1,
  instance_count: 1,
  body_part: '',
  protocol: '',
  thumbnail_instance: null,
});
const study = [
  head('scout', 'CT', 'Scout'),
  head('axial', 'CT', 'Axial 1 mm'),
  head('report', 'SR'),
  head('lung', 'CT', 'Lung axial'),
];
const ids = (hung: readonly (SeriesHead | null)[]) => hung.map((series) => series?.id ?? null);

describe('hanging', () => {
  it('goes on from the open series in the order of the study, without what is no picture', () => {
    const [, axial] = study as [SeriesHead, SeriesHead];
    expect(ids(hang(axial, study, [], 4))).toEqual(['axial', 'lung', 'scout', null]);
  });

  it('hangs the counterpart of a prior beside each', () => {
    const prior = [head('old-lung', 'CT', 'Lung'), head('old-axial', 'CT', 'Axial 2 mm')];
    const [, axial] = study as [SeriesHead, SeriesHead];
    expect(ids(hang(axial, study, prior, 4))).toEqual(['axial', 'old-axial', 'lung', 'old-lung']);
  });

  it('finds no counterpart of another modality', () => {
    expect(counterpart(head('a', 'MR', 'Axial'), study)).toBeNull();
  });

  it('shows four mammograms together and everything else alone', () => {
    const views = ['RCC', 'LCC', 'RMLO', 'LMLO'].map((view) => head(view, 'MG'));
    expect(usual(views)).toEqual({ rows: 2, columns: 2 });
    expect(usual(study)).toEqual({ rows: 1, columns: 1 });
  });

  it('leaves no place empty that only another study could fill', () => {
    const series = (count: number) => Array.from({ length: count }, (_, n) => head(`${n}`, 'CT'));
    const [two, three] = [
      { rows: 2, columns: 2 },
      { rows: 3, columns: 3 },
    ];
    expect(filled(two, series(1))).toEqual({ rows: 1, columns: 1 });
    expect(filled(two, [...series(2), head('report', 'SR')])).toEqual({ rows: 1, columns: 2 });
    expect(filled(two, series(3))).toEqual(two);
    expect(filled(three, series(4))).toEqual(two);
    expect(filled(two, [head('report', 'SR')])).toEqual({ rows: 1, columns: 1 });
  });

  it('remembers only layouts there are', () => {
    expect(layoutOf('2 × 3')).toEqual({ rows: 2, columns: 3 });
    for (const nonsense of [null, '', '9 × 9', '2x3']) expect(layoutOf(nonsense)).toBeNull();
  });
});
