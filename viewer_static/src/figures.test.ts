import { describe, expect, it } from 'vitest';
import { histograms, quantile, type Row, totals } from './figures.ts';
import { roundedUp } from './plots.ts';

const ROWS: readonly Row[] = [
  [10, 'image', '', -1, 90],
  [10, 'overrun', '1.2.840.10008.1.2.1', -1, 2],
  [11, 'overrun', '', -1, 3],
  [10, 'first-image', '', 0, 8],
  [10, 'first-image', '', 4, 2],
];

describe('the figures', () => {
  it('add up by category and by syntax', () => {
    expect(totals(ROWS, 'name')).toEqual([
      ['image', 90],
      ['overrun', 5],
    ]);
    expect(totals(ROWS, 'syntax')).toEqual([['1.2.840.10008.1.2.1 overrun', 2]]);
  });

  it('tell the time below which a share lies', () => {
    const counts = histograms(ROWS, 'first-image').get(10) ?? [];
    expect(quantile(counts, 0.5)).toBe(50);
    expect(quantile(counts, 0.95)).toBe(1_000);
    expect(quantile([], 0.5)).toBeNull();
  });

  it('have an axis that ends at a round number', () => {
    expect([1, 3, 17, 60, 100].map(roundedUp)).toEqual([1, 5, 20, 100, 100]);
  });
});
