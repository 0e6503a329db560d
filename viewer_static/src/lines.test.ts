import { describe, expect, it } from 'vitest';
import { planeOf } from './figures/plane.ts';
import { crossing } from './lines.ts';

const plane = (orientation: number[], position: number[]) =>
  planeOf({
    imageOrientationPatient: orientation,
    imagePositionPatient: position,
    columnPixelSpacing: 2,
    rowPixelSpacing: 0.5,
  });
const size = { rows: 100, columns: 50 };
const sagittal = plane([0, 1, 0, 0, 0, -1], [10, 0, 60]);

describe('where slices cut each other', () => {
  it('is a level line on a sagittal picture for an axial slice', () => {
    const axial = plane([1, 0, 0, 0, 1, 0], [-40, 0, 20]);
    const [from, to] = crossing(axial, size, sagittal) ?? [];
    expect(from?.[1]).toBeCloseTo(80);
    expect(to?.[1]).toBeCloseTo(80);
    // The axial slice reaches from y = 0 to 49.5 mm.
    expect([from?.[0], to?.[0]].sort((a = 0, b = 0) => a - b)).toEqual([0, 24.75]);
  });

  it('is nowhere for parallel slices, nor for those that do not reach each other', () => {
    const beside = plane([0, 1, 0, 0, 0, -1], [14, 0, 60]);
    expect(crossing(beside, size, sagittal)).toBeNull();
    expect(crossing(plane([1, 0, 0, 0, 1, 0], [100, 0, 20]), size, sagittal)).toBeNull();
  });
});
