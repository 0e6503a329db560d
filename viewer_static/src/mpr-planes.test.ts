import { describe, expect, it } from 'vitest';
import { dot } from './geometry.ts';
import { Crosshair } from './mpr-cross.ts';
import {
  coarser,
  cutOf,
  depthOf,
  NAMES,
  pixelAt,
  placeAt,
  planeAt,
  samplesIn,
  tiltOf,
  type View,
  viewOf,
  written,
} from './mpr-planes.ts';
import { cornersOf, type Grid, indexOf } from './volume-grid.ts';

const GRID: Grid = {
  columns: 100,
  rows: 80,
  slices: 30,
  origin: [-50, -60, 10],
  steps: [
    [0.5, 0, 0],
    [0, 0.5, 0],
    [0, 0, 3],
  ],
};
const [axial, coronal, sagittal] = NAMES.map((name) => viewOf(GRID, name)) as [View, View, View];

describe('planes of a straight volume', () => {
  it('go by its voxels', () => {
    expect(axial).toMatchObject({ width: 100, height: 80, count: 30, step: 3, pixel: 0.5 });
    expect(coronal).toMatchObject({ width: 100, height: 175, count: 80, step: 0.5 });
    expect(sagittal).toMatchObject({ width: 80, height: 175, count: 100, step: 0.5 });
  });

  it('have head and right side of the patient where readers expect them', () => {
    expect(placeAt(coronal, 0, [0, 0])).toEqual([-50, -60, 97]);
    expect(placeAt(axial, 29, [99, 79])).toEqual([-0.5, -20.5, 97]);
    expect(placeAt(sagittal, 99, [79, 0])).toEqual([-0.5, -20.5, 97]);
  });

  it('cut voxels at their centres', () => {
    const cut = cutOf(GRID, axial, 7, 0, 'thin');
    expect(cut.start).toEqual([0, 0, 7]);
    expect(cut.right).toEqual([1, 0, 0]);
    expect(cut.out).toEqual([0, 0, 1]);
  });

  it('hold as many samples as the slab is thick', () => {
    expect(samplesIn(axial, 0)).toBe(1);
    expect(samplesIn(axial, 9)).toBe(3);
    expect(samplesIn(coronal, 9)).toBe(18);
  });
});

describe('planes of a turned volume', () => {
  const [s, c] = [Math.sin(0.4), Math.cos(0.4)];
  const turned: Grid = {
    ...GRID,
    steps: [
      [0.5 * c, 0, 0.5 * s],
      [0, 0.5, 0],
      [-3 * s, 0, 3 * c],
    ],
  };

  it.each(NAMES)('%s: pixel, place and plane are one another', (name) => {
    const view = viewOf(turned, name);
    for (let at = 0; at < 40; at++) {
      const index = at % view.count;
      const pixel: [number, number] = [(at * 7) % view.width, (at * 3) % view.height];
      const place = placeAt(view, index, pixel);
      expect(planeAt(view, place)).toBe(index);
      expect(pixelAt(view, place)[0]).toBeCloseTo(pixel[0], 9);
      expect(pixelAt(view, place)[1]).toBeCloseTo(pixel[1], 9);
      const { start, right, down } = cutOf(turned, view, index, 0, 'thin');
      indexOf(turned, place).forEach((part, axis) => {
        const told =
          (start[axis] as number) +
          pixel[0] * (right[axis] as number) +
          pixel[1] * (down[axis] as number);
        expect(part).toBeCloseTo(told, 9);
      });
    }
  });

  it.each(NAMES)('%s: no voxel is stepped over', (name) => {
    const { out } = cutOf(turned, viewOf(turned, name), 0, 0, 'thin');
    expect(Math.max(...out.map(Math.abs))).toBeCloseTo(1, 9);
  });
});

describe('a crosshair', () => {
  const cross = new Crosshair(GRID, [-25, -40, 55]);

  it('stands where the planes meet', () => {
    expect(cross.index('axial')).toBe(15);
    expect(cross.meeting).toEqual([-25, -40, 55]);
  });

  it('takes the other planes to a pixel, and leaves its own', () => {
    cross.point('axial', [10, 20]);
    expect([cross.index('axial'), cross.index('coronal'), cross.index('sagittal')]).toEqual([
      15, 20, 10,
    ]);
    const [x, y] = pixelAt(axial, cross.meeting);
    expect([x, y]).toEqual([10, 20]);
  });

  it('draws the others as lines across each view, with half their slab', () => {
    const lines = cross.lines('axial', 6);
    expect(lines).toEqual([
      { name: 'coronal', way: [-1, 0], half: 6 },
      { name: 'sagittal', way: [-0, 1], half: 6 },
    ]);
    expect(cross.crossing('axial')).toEqual([10, 20]);
    expect(depthOf(coronal, 20)).toBeCloseTo(dot(cross.meeting, coronal.axes.out), 9);
  });

  it('stops at the last plane', () => {
    cross.turn('axial', 1_000);
    expect(cross.index('axial')).toBe(29);
  });
});

describe('planes that were turned', () => {
  const fresh = () => new Crosshair(GRID, [-25, -40, 55]);

  it('go on meeting where they met, at right angles, and the one turned on stays', () => {
    const cross = fresh();
    const before = cross.view('axial');
    for (let at = 1; at < 40; at++) cross.rotate(NAMES[at % 3] as 'axial', 0.13 * at);
    cross.meeting.forEach((part, axis) => {
      expect(part).toBeCloseTo([-25, -40, 55][axis] as number, 6);
    });
    const outs = NAMES.map((name) => cross.view(name).axes.out);
    outs.forEach((one, row) => {
      outs.forEach((other, column) => {
        expect(dot(one, other)).toBeCloseTo(row === column ? 1 : 0, 9);
      });
    });
    expect(before).toEqual(axial);
    cross.straighten();
    expect(cross.view('axial')).toEqual(axial);
    expect(cross.meeting).toEqual([-25, -40, 55]);
  });

  it('turn as the hand went: clockwise on the screen', () => {
    const cross = fresh();
    cross.rotate('axial', Math.PI / 6);
    expect(cross.view('axial')).toEqual(axial);
    const { right, out } = cross.view('coronal').axes;
    [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6), 0].forEach((part, axis) => {
      expect(right[axis]).toBeCloseTo(part, 9);
    });
    expect(out[0]).toBeCloseTo(-0.5, 9);
    expect(tiltOf(cross.view('coronal'))).toBeCloseTo(30, 6);
    const [line] = cross.lines('axial', 0);
    expect(Math.abs(line?.way[1] ?? 0)).toBeCloseTo(0.5, 9);
  });

  it('hold the whole volume', () => {
    const cross = fresh();
    cross.rotate('sagittal', 0.6);
    const { count, step, corner, axes } = cross.view('axial');
    const depths = cornersOf(GRID).map((place) => dot(place, axes.out));
    expect(corner[2]).toBeLessThan(Math.min(...depths) + step);
    expect(corner[2] + (count - 1) * step).toBeGreaterThan(Math.max(...depths) - step);
  });

  it('may be cut in larger pixels at the same place', () => {
    const rough = coarser(axial, 3);
    expect([rough.width, rough.height, rough.pixel]).toEqual([34, 27, 1.5]);
    expect(cutOf(GRID, rough, 4, 0, 'thin').start).toEqual(cutOf(GRID, axial, 4, 0, 'thin').start);
    expect(coarser(axial, 1)).toBe(axial);
  });
});

it('a position is written with the side of the patient it lies to', () => {
  expect(written(axial.axes.out, -12.34)).toBe('F 12.3 mm');
  expect(written(coronal.axes.out, 5)).toBe('P 5.0 mm');
  expect(written(sagittal.axes.out, -5)).toBe('R 5.0 mm');
});
