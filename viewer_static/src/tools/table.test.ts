import { describe, expect, it } from 'vitest';
import { tableOf } from './table.ts';

const words = (...values: number[]) => new Uint16Array(values).buffer;
const raw = (descriptor: number[], data: unknown, more = {}) => ({
  VOILUTSequence: [{ LUTDescriptor: descriptor, LUTData: data, LUTExplanation: 'HARD' }],
  ...more,
});
const shades = (given: Record<string, unknown>) => [...(tableOf(given)?.shades() ?? [])];

describe('a table for display', () => {
  it('gives a shade to each value from its first on', () => {
    const table = tableOf(raw([3, 100, 8], [0, 51, 255]));
    expect(table).toMatchObject({ name: 'HARD', first: 100, length: 3 });
    expect([...(table?.shades() ?? [])].map((shade) => Math.round(shade * 255))).toEqual([
      0, 51, 255,
    ]);
  });

  it('may be words or bytes, and may begin below zero', () => {
    expect(shades(raw([2, 0, 16], [words(0, 65_535)]))).toEqual([0, 1]);
    expect(shades(raw([2, 0, 8], [new Uint8Array([0, 255]).buffer]))).toEqual([0, 1]);
    expect(shades(raw([2, 0, 8], new Uint8Array(words(255, 0))))).toEqual([1, 0]);
    expect(tableOf(raw([2, 65_536 - 1_024, 8], [0, 1]))?.first).toBe(-1_024);
    expect(tableOf(raw([0, 0, 8], new Uint8Array(65_536)))?.length).toBe(65_536);
  });

  it('whose entries are larger than it says is not drawn all white', () => {
    expect(shades(raw([2, 0, 8], [words(0, 65_535)]))).toEqual([0, 1]);
  });

  it('is not taken where a window stands beside it, or where it is cut short', () => {
    expect(tableOf(raw([2, 0, 8], [0, 255], { WindowWidth: 400 }))).toBeNull();
    expect(tableOf(raw([4, 0, 8], [0, 255]))).toBeNull();
    expect(tableOf(raw([4, 0, 8], undefined))).toBeNull();
    expect(tableOf(raw([], [0, 255]))).toBeNull();
    expect(tableOf({})).toBeNull();
    const swapped = { TransferSyntaxUID: '1.2.840.10008.1.2.2' };
    expect(tableOf(raw([2, 0, 16], [words(0, 1)], swapped))).toBeNull();
  });
});
