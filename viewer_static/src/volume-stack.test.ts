import { describe, expect, it } from 'vitest';
import { dot, normal, type Vector } from './geometry.ts';
import { lengthOf, type Placed, plus, stackOf } from './volume-stack.ts';

type Axes = readonly [Vector, Vector];
const AXIAL: Axes = [
  [1, 0, 0],
  [0, 1, 0],
];

/** Turned by angles in radians, still at right angles. */
function turned(about: number, over: number): Axes {
  const [s, c, t, d] = [Math.sin(about), Math.cos(about), Math.sin(over), Math.cos(over)];
  return [
    [d, 0, -t],
    [s * t, c, s * d],
  ];
}

const placed = (positions: readonly (Vector | null)[], axes: Axes | null = AXIAL): Placed[] =>
  positions.map((position, index) => ({
    index,
    position,
    orientation: axes === null ? null : axes.flat(),
  }));
const along = (depths: readonly number[]) => placed(depths.map((z) => [5, 6, z] as const));

describe('a stack', () => {
  it('is put in order along the normal, however the list goes', () => {
    const found = stackOf(along([8, 2, 6, 4, 0, 10]));
    expect(found).toMatchObject({ order: [4, 1, 3, 2, 0, 5], origin: [5, 6, 0], step: [0, 0, 2] });
  });

  it('keeps its places whatever way it faces', () => {
    for (let at = 0; at < 60; at++) {
      const axes = turned(at * 0.61, at * 0.37);
      const way = normal(axes).map((part) => part * (0.5 + at / 20)) as unknown as Vector;
      const places = Array.from({ length: 9 }, (_, number) => plus([at, -at, 7], way, number));
      const found = stackOf(placed(places, axes));
      if (typeof found === 'string') throw new Error(found);
      expect(lengthOf(plus(found.step, way, -1))).toBeLessThan(1e-9);
      expect(found.tilt).toBeLessThan(1e-4);
      expect(dot(found.step, normal(axes))).toBeGreaterThan(0);
    }
  });

  it('leans where the gantry was tilted, by as many degrees', () => {
    const lean = Math.tan((12 * Math.PI) / 180) * 3;
    const places = [0, 1, 2, 3, 4, 5].map((at) => [0, at * lean, at * 3] as const);
    const found = stackOf(placed(places));
    if (typeof found === 'string') throw new Error(found);
    expect(found.tilt).toBeCloseTo(12, 6);
    expect(found.step[1]).toBeCloseTo(lean, 9);
  });

  it('may be written down with few digits', () => {
    const places = Array.from({ length: 200 }, (_, at) => Number((at * 0.625).toFixed(2)));
    expect(typeof stackOf(along(places))).toBe('object');
  });
});

describe('what is no stack is refused in words', () => {
  const other = turned(0.02, 0);
  it.each([
    ['too few', along([0, 1, 2, 3]), /4 slices; a reconstruction takes at least 5/],
    ['no place', [...along([0, 1, 2, 3, 4]), ...placed([null])], /1 of 6 slices do not say/],
    ['no orientation', placed(new Array(5).fill([5, 6, 0]), null), /5 of 5/],
    [
      'two ways',
      [...along([0, 1, 2, 3, 4]), ...placed([[5, 6, 5]], other)],
      /not all face the same way/,
    ],
    ['a gap', along([0, 1, 2, 4, 5, 6]), /1 slice is missing: at 2 mm the next lies 2 mm away/],
    ['a wide gap', along([0, 1, 2, 6, 7, 8]), /3 slices are missing/],
    ['uneven', along([0, 1, 2, 3.4, 4.4, 5.4]), /unevenly spaced, from 1 mm to 1.4 mm/],
    ['twice the same place', along([0, 0, 1, 1, 2, 2, 3, 3]), /in the same place/],
    ['drifting', along([0, 1, 2, 3, 4, 5, 6, 7.09, 8.18, 9.27, 10.36, 11.45]), /unevenly spaced/],
    [
      'shifted sideways',
      placed([0, 1, 2, 3, 4, 5].map((z) => [z === 3 ? 4 : 0, 0, z] as const)),
      /shifted sideways/,
    ],
  ])('%s', (_, slices, reason) => {
    expect(stackOf(slices)).toMatch(reason);
  });
});
