import { describe, expect, it } from 'vitest';
import { loadingOf, rate, type Situation, word } from './network-chip.ts';
import { Traffic } from './traffic.ts';

const WELL: Situation = {
  goodput: 5e6,
  roundTripMs: 20,
  lookupMs: null,
  lost: null,
  survived: 0,
  loading: 'nothing',
  waiting: null,
  slow: false,
};

describe('network chip', () => {
  it('is silent while all is well, and says what is slow or waited for', () => {
    expect(word(WELL)).toBe('');
    expect(word({ ...WELL, slow: true, goodput: 250_000 })).toBe('2.0 Mbit/s');
    expect(word({ ...WELL, slow: true, waiting: 'No answer from the server.' })).toBe('Waiting');
  });

  it('claims no rate before one is known', () => {
    expect(rate(null)).toBe('not known yet');
    expect(rate(12.5e6)).toBe('100 Mbit/s');
  });

  it('names what is under way by kind', () => {
    const traffic = new Traffic();
    expect(loadingOf(traffic)).toBe('nothing');
    traffic.began('api/pacs/instances/x/display');
    traffic.began('api/pacs/instances/y/compact');
    traffic.began('api/pacs/series/z');
    expect(loadingOf(traffic)).toBe('2 images, 1 list');
  });
});
