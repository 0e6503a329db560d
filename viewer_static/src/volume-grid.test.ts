import { describe, expect, it } from 'vitest';
import type { Vector } from './geometry.ts';
import {
  cornersOf,
  type Grid,
  gridOf,
  type Header,
  headerOf,
  indexOf,
  objection,
  placeOf,
} from './volume-grid.ts';
import type { Stack } from './volume-stack.ts';

const RAW = {
  Rows: 4,
  Columns: 6,
  PixelSpacing: [2, 3],
  ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
  ImagePositionPatient: [10, 20, 30],
  FrameOfReferenceUID: '1.2',
};
const STACK: Stack = {
  order: [0, 1, 2, 3, 4],
  places: [0, 1, 2, 3, 4].map((at) => [10, 20 + at, 30 + 5 * at] as const),
  origin: [10, 20, 30],
  row: [1, 0, 0],
  column: [0, 1, 0],
  step: [0, 1, 5],
  tilt: 11.3,
};
const header = (change = {}): Header => headerOf({ ...RAW, ...change }) as Header;

describe('a grid', () => {
  it('goes by pixel spacing along rows and columns, and by the step between slices', () => {
    const grid = gridOf(STACK, header());
    expect(grid).toMatchObject({ columns: 6, rows: 4, slices: 5 });
    expect(placeOf(grid, [1, 0, 0])).toEqual([13, 20, 30]);
    expect(placeOf(grid, [0, 1, 0])).toEqual([10, 22, 30]);
    expect(placeOf(grid, [0, 0, 2])).toEqual([10, 22, 40]);
    expect(cornersOf(grid)).toContainEqual([25, 30, 50]);
  });

  it('finds every voxel again, leaning or not', () => {
    for (let at = 1; at < 80; at++) {
      const [s, c] = [Math.sin(at), Math.cos(at)];
      const grid: Grid = {
        columns: 9,
        rows: 9,
        slices: 9,
        origin: [at, -at, 2 * at],
        steps: [
          [0.4 * c, 0.4 * s, 0],
          [-0.7 * s, 0.7 * c, 0],
          [0.3 * s, at / 50, 1.5],
        ],
      };
      const index: Vector = [at % 9, (at * 5) % 9, (at * 7) % 9];
      const found = indexOf(grid, placeOf(grid, index));
      found.forEach((part, axis) => {
        expect(part).toBeCloseTo(index[axis] as number, 9);
      });
    }
  });
});

describe('headers that make no voxels are refused in words', () => {
  it.each([
    ['colour', { SamplesPerPixel: 3 }, /colour/],
    ['palette', { PhotometricInterpretation: 'PALETTE COLOR' }, /colour/],
    ['no place', { ImagePositionPatient: undefined }, /where it lies/],
    ['no pixel size', { PixelSpacing: undefined }, /how large a pixel is/],
  ])('%s', (_, change, reason) => {
    expect(headerOf({ ...RAW, ...change })).toMatch(reason);
  });

  it.each([
    ['another size', { Rows: 5 }, /same size/],
    ['other pixels', { PixelSpacing: [2, 2] }, /pixels are not all/],
    ['other coordinates', { FrameOfReferenceUID: '1.3' }, /coordinate systems/],
    ['another place than listed', { ImagePositionPatient: [10, 20, 31] }, /where the list says/],
  ])('%s', (_, change, reason) => {
    expect(objection(header(change), header(), STACK, [10, 20, 30])).toMatch(reason);
    expect(objection(header(), header(), STACK, [10, 20, 30])).toBeNull();
  });
});
