import { describe, expect, it } from 'vitest';
import type { Instance, SeriesDetail } from '../api.ts';
import { mayBePapers } from './kinds.ts';

const CLASSES = '1.2.840.10008.5.1.4.1.1.';

function series(modality: string, ...instances: Partial<Instance>[]): SeriesDetail {
  const whole = instances.map((one) => ({ sop_class: null, transfer_syntax: null, ...one }));
  return { modality, instances: whole } as unknown as SeriesDetail;
}

describe('a series', () => {
  it('of objects without pictures is known by their class', () => {
    for (const name of ['88.33', '104.1', '9.1.1', '11.1', '481.3', '481.5', '66', '66.4', '67'])
      expect(mayBePapers(series('OT', { sop_class: CLASSES + name })), name).toBe(true);
  });

  it('of pictures is none, whatever its modality says', () => {
    for (const name of ['2', '481.1', '481.2', '7', '77.1.6', '1.2', '12.1'])
      expect(mayBePapers(series('SR', { sop_class: CLASSES + name })), name).toBe(false);
  });

  it('of videos is known by how they are coded', () => {
    const h264 = '1.2.840.10008.1.2.4.102';
    expect(
      mayBePapers(series('ES', { sop_class: `${CLASSES}77.1.1.1`, transfer_syntax: h264 })),
    ).toBe(true);
  });

  it('that names no class is taken by its modality; a mixed one is opened as pictures', () => {
    expect(mayBePapers(series('SR', {}))).toBe(true);
    expect(mayBePapers(series('CT', {}))).toBe(false);
    const mixed = [{ sop_class: `${CLASSES}2` }, { sop_class: `${CLASSES}88.11` }];
    expect(mayBePapers(series('CT', ...mixed))).toBe(false);
    expect(mayBePapers(series('SR'))).toBe(false);
  });
});
