import { describe, expect, it } from 'vitest';
import { type Cut, resliced } from './volume-cut.ts';
import { MISSING, Voxels } from './volume-voxels.ts';

const SIZE = { columns: 5, rows: 4, slices: 6 };
const linear = (x: number, y: number, z: number) => 3 * x - 7 * y + 11 * z;

function filled(lacking: readonly number[] = []): Voxels {
  const voxels = new Voxels(SIZE, 'Int16Array');
  for (let z = 0; z < SIZE.slices; z++) {
    if (lacking.includes(z)) continue;
    const values = new Int16Array(20).map((_, at) => linear(at % 5, Math.floor(at / 5), z));
    voxels.put(z, values);
  }
  return voxels;
}

const cut = (change: Partial<Cut>): Cut => ({
  width: 5,
  height: 4,
  start: [0, 0, 0],
  right: [1, 0, 0],
  down: [0, 1, 0],
  out: [0, 0, 1],
  samples: 1,
  mode: 'thin',
  ...change,
});

describe('a sample', () => {
  it('of what grows evenly is what it grew to, anywhere inside', () => {
    const voxels = filled();
    for (let at = 0; at < 500; at++) {
      const [x, y, z] = [(at * 0.377) % 4, (at * 0.291) % 3, (at * 0.453) % 5] as const;
      expect(voxels.at(x, y, z)).toBeCloseTo(linear(x, y, z), 3);
    }
  });

  it('reaches half a voxel beyond the outermost centres, and no further', () => {
    const voxels = filled();
    expect(voxels.at(-0.5, 0, 0)).toBe(0);
    expect(voxels.at(4.5, 3.5, 5.5)).toBe(linear(4, 3, 5));
    expect(voxels.at(-0.51, 0, 0)).toBeNaN();
    expect(voxels.at(0, 0, 5.51)).toBeNaN();
  });

  it('that a missing slice has any part in has no value', () => {
    const voxels = filled([2]);
    expect(voxels.at(1, 1, 1)).toBe(linear(1, 1, 1));
    expect(voxels.at(1, 1, 1.001)).toBe(MISSING);
    expect(voxels.at(1, 1, 2)).toBe(MISSING);
    expect(voxels.at(1, 1, 2.999)).toBe(MISSING);
    expect(voxels.at(1, 1, 3)).toBe(linear(1, 1, 3));
  });

  it('is exact when a later slice holds what the first kind of number cannot', () => {
    const voxels = filled([5]);
    voxels.put(5, new Uint16Array(20).fill(60_000));
    expect(voxels.at(0, 0, 5)).toBe(60_000);
    expect(voxels.at(2, 2, 4)).toBe(linear(2, 2, 4));
    voxels.put(
      0,
      Float32Array.from({ length: 20 }, () => 0.25),
    );
    expect(voxels.at(3, 3, 0)).toBe(0.25);
  });
});

describe('a plane that lies askew', () => {
  it('is the same however its voxels are read: each asked for, or whole lines at once', () => {
    for (const mode of ['thin', 'max', 'min', 'mean'] as const) {
      for (let at = 0; at < 60; at++) {
        const [s, c] = [Math.sin(at * 0.7), Math.cos(at * 0.7)];
        const askew = cut({
          width: 12,
          height: 9,
          start: [-1 + (at % 3) / 2, -0.5, (at % 7) - 0.6],
          right: [0.6 * c, 0.4 * s, 0.3 * s],
          down: [-0.5 * s, 0.6 * c, 0.2],
          out: [0.1, -0.4 * s, 0.7 * c],
          samples: 4,
          mode,
        });
        const whole = filled();
        const open = filled();
        Object.defineProperty(open, 'isWhole', { value: false });
        const [quick, slow] = [resliced(whole, askew), resliced(open, askew)];
        quick.forEach((value, pixel) => {
          const other = slow[pixel] as number;
          if (Number.isNaN(other)) expect(value).toBeNaN();
          else expect(Math.abs(value - other)).toBeLessThan(1e-3);
        });
      }
    }
  });

  it('has numbers in the middle of the volume', () => {
    const pixels = resliced(filled(), cut({ start: [0.5, 0.5, 2.5], right: [0.5, 0.1, 0.1] }));
    expect(pixels[0]).toBeCloseTo(linear(0.5, 0.5, 2.5), 4);
    expect(pixels[4]).toBeCloseTo(linear(2.5, 0.9, 2.9), 4);
  });
});

describe('a slab', () => {
  it.each([
    ['max', linear(2, 1, 4)],
    ['min', linear(2, 1, 2)],
    ['mean', linear(2, 1, 3)],
  ] as const)('%s of three slices about the plane', (mode, expected) => {
    const pixels = resliced(filled(), cut({ start: [0, 0, 3], samples: 3, mode }));
    expect(pixels[1 * 5 + 2]).toBe(expected);
  });

  it('leaves out what lies beyond the volume', () => {
    const pixels = resliced(filled(), cut({ start: [0, 0, 0], samples: 5, mode: 'mean' }));
    expect(pixels[0]).toBe(linear(0, 0, 1));
  });

  it('with a missing slice in it has no value, whatever the others hold', () => {
    for (const mode of ['max', 'min', 'mean'] as const) {
      const pixels = resliced(filled([4]), cut({ start: [0, 0, 3], samples: 3, mode }));
      expect([...pixels]).toEqual(new Array(20).fill(MISSING));
    }
  });
});
