import { describe, expect, it } from 'vitest';
import { unpacked } from './place.ts';
import { planesOf } from './planes.ts';

describe('an overlay plane', () => {
  const raw = { OverlayRows: 2, OverlayColumns: 5, OverlayOrigin: [3, 4] };

  it('is a mask from the lowest bit on, at its origin', () => {
    const [plane] = planesOf(
      { ...raw, OverlayData: [new Uint8Array([0b100001, 0b10]).buffer] },
      '1.2',
    );
    expect(plane).toMatchObject({ box: [3, 2, 5, 2], images: [['1.2', 0]] });
    expect(plane && [...unpacked(plane)].map(Boolean)).toEqual(
      [1, 0, 0, 0, 0, 1, 0, 0, 0, 1].map(Boolean),
    );
  });

  it('that is shorter than it says is none', () => {
    expect(planesOf({ ...raw, OverlayData: [new Uint8Array(1).buffer] }, '1.2')).toEqual([]);
    expect(planesOf({}, '1.2')).toEqual([]);
  });
});
