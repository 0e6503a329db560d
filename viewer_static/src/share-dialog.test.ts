import { expect, test } from 'vitest';
import { daysUpTo } from './share-dialog.ts';

test('links end after the usual days, and after the longest that the house permits', () => {
  expect(daysUpTo(30)).toEqual([1, 7, 30]);
  expect(daysUpTo(365)).toEqual([1, 7, 30]);
  expect(daysUpTo(7)).toEqual([1, 7]);
  expect(daysUpTo(3)).toEqual([1, 3]);
});
