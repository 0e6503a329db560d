import { describe, expect, it } from 'vitest';
import { depth, sides } from './geometry.ts';

const axial = [1, 0, 0, 0, 1, 0];

describe('orientation', () => {
  it('names the sides of an axial slice as radiologists see it', () => {
    expect(sides(axial)).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' });
  });

  it('names the sides of sagittal and coronal slices', () => {
    expect(sides([0, 1, 0, 0, 0, -1])).toEqual({ left: 'A', right: 'P', top: 'H', bottom: 'F' });
    expect(sides([1, 0, 0, 0, 0, -1])).toEqual({ left: 'R', right: 'L', top: 'H', bottom: 'F' });
  });

  it('gives oblique slices two letters, the stronger first', () => {
    const tilt = Math.PI / 6;
    expect(sides([1, 0, 0, 0, Math.cos(tilt), -Math.sin(tilt)])).toMatchObject({
      top: 'AH',
      bottom: 'PF',
    });
  });

  it('says nothing when the orientation is unknown or nonsense', () => {
    for (const unknown of [
      null,
      undefined,
      [],
      [1, 0, 0],
      [0, 0, 0, 0, 0, 0],
      [1, 0, 0, 1, 0, 0],
      [Number.NaN, 0, 0, 0, 1, 0],
    ]) {
      expect(sides(unknown)).toBeNull();
    }
  });
});

describe('position', () => {
  it('measures along the slice normal', () => {
    expect(depth([-125, -125, 42.5], axial)).toBe(42.5);
    expect(depth([7, 0, 0], [0, 1, 0, 0, 0, 1])).toBe(7);
  });

  it('is unknown without position or orientation', () => {
    expect(depth(null, axial)).toBeNull();
    expect(depth([1, 2], axial)).toBeNull();
    expect(depth([1, 2, 3], null)).toBeNull();
  });
});
