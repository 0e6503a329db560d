import { describe, expect, it } from 'vitest';
import { instanceOf } from '../testing.ts';
import { mayBePapers } from './kinds.ts';

function series(modality: string, count = 1): Parameters<typeof mayBePapers>[0] {
  const instances = Array.from({ length: count }, (_, number) => instanceOf(number));
  return { modality, instances } as unknown as Parameters<typeof mayBePapers>[0];
}

describe('a series', () => {
  it('of objects without pictures is known by its modality', () => {
    for (const name of ['SR', 'DOC', 'ECG', 'SEG', 'RTSTRUCT', 'RTPLAN', 'PR', 'KO'])
      expect(mayBePapers(series(name)), name).toBe(true);
  });

  it('of pictures is none, nor is an empty one', () => {
    for (const name of ['CT', 'MR', 'ES', 'RTDOSE', 'RTIMAGE', 'SM', 'OT'])
      expect(mayBePapers(series(name)), name).toBe(false);
    expect(mayBePapers(series('SR', 0))).toBe(false);
  });
});
