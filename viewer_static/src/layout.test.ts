import { describe, expect, it } from 'vitest';
import type { SeriesHead, Study } from './api.ts';
import { comparable, counterpart, filled, hang, layoutOf, usual, whenOf } from './layout.ts';

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

  it('tells earlier from later, and reads beside the nearest with such pictures, an earlier one first', () => {
    const of = (id: string, study_date: string, modality: string, study_time = '') =>
      ({ id, study_date, study_time, modalities: [modality] }) as unknown as Study;
    const open = of('open', '20260914', 'CT', '101500');
    const others = [
      of('later', '20261020', 'CT'),
      of('next', '20260914', 'CT', '120000'),
      of('mr', '20260901', 'MR'),
      of('control', '20250602', 'CT'),
      of('first', '20230311', 'CT'),
      of('undated', '', 'US'),
    ];
    const when = others.map((other) => whenOf(other, open));
    expect(when).toEqual(['later', 'later', 'earlier', 'earlier', 'earlier', 'other']);
    const beside = (modality: string, those = others) => comparable(modality, open, those)?.id;
    expect([beside('CT'), beside('MR'), beside('US')]).toEqual(['control', 'mr', 'undated']);
    expect(beside('CT', others.slice(0, 3))).toBe('next');
    expect(beside('MG')).toBeUndefined();
  });

  it('remembers only layouts there are', () => {
    expect(layoutOf('2 × 3')).toEqual({ rows: 2, columns: 3 });
    for (const nonsense of [null, '', '9 × 9', '2x3']) expect(layoutOf(nonsense)).toBeNull();
  });
});
