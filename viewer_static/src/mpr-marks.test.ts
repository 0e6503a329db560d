import { describe, expect, it } from 'vitest';
import type { Point } from './figures/plane.ts';
import { cornersOf, type Lie, marksOn, PlaneMarks, readingOf, type Shelf } from './mpr-marks.ts';
import { viewOf } from './mpr-planes.ts';
import type { Grid } from './volume-grid.ts';
import { MISSING } from './volume-voxels.ts';

const GRID: Grid = {
  columns: 40,
  rows: 30,
  slices: 20,
  origin: [-10, -20, 5],
  steps: [
    [0.5, 0, 0],
    [0, 0.5, 0],
    [0, 0, 2],
  ],
};
const view = viewOf(GRID, 'axial');
const lie: Lie = { view, index: 7 };
const CT = { Modality: 'CT', RescaleSlope: 1 };
const shown = {
  width: view.width,
  height: view.height,
  pixels: Array.from({ length: view.width * view.height }, (_, at) => at),
};

function drawn(kind: 'length' | 'rectangle' | 'freehand', ...points: [number, number][]) {
  const marks = new PlaneMarks();
  marks.press(kind, lie, points[0] ?? [0, 0]);
  for (const point of points.slice(1)) marks.move(lie, point);
  marks.release(0.5);
  return marks;
}
const only = (marks: PlaneMarks) => {
  const [mark] = marks.on(lie);
  if (mark === undefined) throw new Error('nothing is drawn');
  return mark;
};

describe('a figure on a plane', () => {
  it('is in millimetres of the plane', () => {
    const mark = only(drawn('length', [4, 4], [10, 12]));
    expect(readingOf(mark, view, shown, CT).lines).toEqual(['5 mm']);
  });

  it('keeps its place in the patient, and is seen on its own plane only', () => {
    const marks = drawn('length', [4, 4], [10, 12]);
    expect(only(marks).places).toEqual([
      [-8, -18, 19],
      [-5, -14, 19],
    ]);
    expect(marks.on({ view, index: 8 })).toEqual([]);
    expect(marks.on({ view: viewOf(GRID, 'coronal'), index: 4 })).toEqual([]);
    expect(cornersOf(only(marks), view)).toEqual([
      [4, 4],
      [10, 12],
    ]);
  });

  it('tells the values of the plane in the unit of the series', () => {
    const mark = only(drawn('rectangle', [1.5, 1.5], [3.5, 3.5]));
    const { statistics, measure } = readingOf(mark, view, shown, CT);
    expect([statistics?.count, statistics?.min, statistics?.max]).toEqual([4, 82, 123]);
    expect(measure.unit).toBe('HU');
  });

  it('says so where a slice is missing, and counts nothing', () => {
    const pixels = shown.pixels.map((value, at) => (at === 83 ? MISSING : value));
    const mark = only(drawn('rectangle', [1.5, 1.5], [3.5, 3.5]));
    const reading = readingOf(mark, view, { ...shown, pixels }, CT);
    expect(reading.statistics).toBeNull();
    expect(reading.lines).toEqual(['Area 1 mm²', 'no value: not all of it was reconstructed']);
  });

  it('that was only a touch is none; an angle waits for its third point', () => {
    expect(drawn('length', [4, 4], [4, 4.5]).on(lie)).toEqual([]);
    const marks = new PlaneMarks();
    marks.press('angle', lie, [4, 4]);
    marks.move(lie, [14, 4]);
    marks.release(0.5);
    marks.move(lie, [20, 9]);
    expect(marks.count).toBe(0);
    marks.press('angle', lie, [14, 14]);
    marks.release(0.5);
    expect(readingOf(only(marks), view, shown, CT).lines).toEqual(['90.0°']);
  });

  it('of two lines is drawn in two drags; a short axis stands across the long one', () => {
    const marks = new PlaneMarks();
    const stroke = (kind: 'cobb' | 'bidirectional', from: Point, to: Point) => {
      marks.press(kind, lie, from);
      marks.move(lie, to);
      marks.release(0.5);
    };
    stroke('bidirectional', [4, 4], [10, 12]);
    expect(readingOf(only(marks), view, shown, CT).lines).toEqual([]);
    // A touch is no second line.
    stroke('bidirectional', [6, 9], [6, 9]);
    expect(marks.count).toBe(0);
    stroke('bidirectional', [5, 10], [9.4, 6.2]);
    const axes = readingOf(only(marks), view, shown, CT);
    expect(axes.numbers[0]).toBeCloseTo(5, 9);
    expect(axes.numbers[1]).toBeCloseTo(2.9, 9);
    const [a, b, c, d] = cornersOf(only(marks), view) as [Point, Point, Point, Point];
    const across = (b[0] - a[0]) * (d[0] - c[0]) + (b[1] - a[1]) * (d[1] - c[1]);
    expect(across).toBeCloseTo(0, 9);
    marks.undo();
    stroke('cobb', [4, 4], [14, 4]);
    stroke('cobb', [4, 10], [9, 15]);
    expect(readingOf(only(marks), view, shown, CT).lines).toEqual(['45.0°']);
  });

  it('goes on only where it was begun', () => {
    const marks = new PlaneMarks();
    const other: Lie = { view: viewOf(GRID, 'coronal'), index: 4 };
    marks.press('angle', lie, [4, 4]);
    marks.move(lie, [14, 4]);
    marks.release(0.5);
    expect(marks.move(other, [20, 9])).toBe(false);
    marks.press('angle', other, [2, 2]);
    expect(marks.count).toBe(0);
    expect(marks.on(lie)).toEqual([]);
    expect(marks.on(other)).toHaveLength(1);
  });

  it('is there again when the planes of the same volume are opened again, but for what was begun', () => {
    const shelf: Shelf = new Map();
    const marks = marksOn(shelf, 'a series');
    marks.press('probe', lie, [30, 20]);
    marks.press('length', lie, [4, 4]);
    marks.move(lie, [10, 12]);
    marks.drop();
    const again = marksOn(shelf, 'a series');
    expect(again.on(lie).map(({ kind }) => kind)).toEqual(['probe']);
    expect(marksOn(shelf, 'another').on(lie)).toEqual([]);
  });

  it('is told to every viewport on the volume with each stroke, and when it goes', () => {
    const marks = new PlaneMarks();
    const told: number[] = [];
    marks.addEventListener('change', () => told.push(marks.on(lie).length));
    marks.press('length', lie, [4, 4]);
    marks.move(lie, [10, 12]);
    marks.release(0.5);
    expect(told).toEqual([1, 1, 1]);
    marks.remove(lie, [4, 5], 3);
    marks.press('probe', lie, [30, 20]);
    marks.undo();
    expect(told.slice(3)).toEqual([0, 1, 0]);
  });

  it('is taken back, or removed where the pointer is', () => {
    const marks = drawn('length', [4, 4], [10, 12]);
    marks.press('probe', lie, [30, 20]);
    expect(marks.remove(lie, [4, 5], 0.5)).toBe(false);
    expect(marks.remove(lie, [4, 5], 3)).toBe(true);
    expect(marks.on(lie).map(({ kind }) => kind)).toEqual(['probe']);
    expect([marks.undo(), marks.undo(), marks.count]).toEqual([true, false, 0]);
  });
});
