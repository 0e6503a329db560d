import { expect, it } from 'vitest';
import { greyOf, painted } from './mpr-paint.ts';
import { MISSING, OUTSIDE } from './volume-voxels.ts';

const SOFT = { width: 400, centre: 40, inverted: false };

it('greys follow the linear window of DICOM', () => {
  expect(greyOf(-160, SOFT)).toBe(0);
  expect(greyOf(239, SOFT)).toBe(255);
  expect(greyOf(39.5, SOFT)).toBe(128);
  expect(greyOf(39.5, { ...SOFT, inverted: true })).toBe(127);
  expect(greyOf(5_000, SOFT)).toBe(255);
});

it('what is missing is no grey, and what lies beyond is black, inverted or not', () => {
  for (const inverted of [false, true]) {
    const target = new Uint32Array(3);
    painted(Float32Array.of(OUTSIDE, MISSING, 40), 3, { ...SOFT, inverted }, target);
    const [outside = 0, missing = 0, inside = 0] = target;
    expect(outside).toBe(0xff000000);
    expect(missing & 0xff).not.toBe((missing >> 8) & 0xff);
    expect(inside & 0xff).toBe((inside >> 8) & 0xff);
  }
});
