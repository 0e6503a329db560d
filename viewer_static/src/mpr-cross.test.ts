import { expect, it } from 'vitest';
import { firstRank } from './mpr-cross.ts';
import { SeriesModel, type Slice } from './series.ts';
import { instanceOf, seriesOf } from './testing.ts';

it('planes begin, and are loaded from, the slice on screen; for who never scrolled, the middle', () => {
  const { slices } = new SeriesModel(seriesOf(7));
  const order = [6, 5, 4, 3, 2, 1, 0];
  expect(firstRank({ order }, slices[2] as Slice)).toBe(4);
  expect(firstRank({ order }, slices[0] as Slice)).toBe(3);
  const framed = new SeriesModel(seriesOf(1, { instances: [instanceOf(0, { frames: 5 })] })).slices;
  expect(firstRank({ order: [0, 1, 2, 3, 4] }, framed[0] as Slice)).toBe(2);
  expect(firstRank({ order: [0, 1, 2, 3, 4] }, framed[4] as Slice)).toBe(4);
});
