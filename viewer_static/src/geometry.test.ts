import { describe, expect, it } from 'vitest';
import { depth } from './geometry.ts';

const axial = [1, 0, 0, 0, 1, 0];

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
