import { describe, expect, it } from 'vitest';
import { dot, normal, type Vector } from './geometry.ts';
import { filled, type Pile, type Sheet, stencilsOf, type Through } from './volume-sheets.ts';
import { plus } from './volume-stack.ts';

/** One bit a pixel, as the server packs them. */
function packed(bits: readonly number[]): string {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, at) => {
    if (bit) bytes[at >> 3] = (bytes[at >> 3] as number) | (128 >> (at & 7));
  });
  return btoa(String.fromCharCode(...bytes));
}

/** Pseudo-random, the same in each run. */
function noise(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state > 2 ** 30 ? 1 : 0;
  });
}

const [WIDTH, HEIGHT] = [9, 7];
const BITS = [0, 1, 2].map((seed) => noise(WIDTH * HEIGHT, seed + 5));
const DEPTHS = [0, 3, 9];
const sheets: Sheet[] = DEPTHS.map((depth, at) => ({
  depth,
  left: 2 + at,
  top: -4,
  width: WIDTH,
  height: HEIGHT,
  ink: { bits: 1, mask: packed(BITS[at] as number[]) },
}));
const unit = (way: Vector): Vector => plus([0, 0, 0], way, 1 / Math.hypot(...way));

function pileOf(row: Vector, column: Vector): Pile {
  return { row, column, across: 1.25, down: 0.8, reach: 1.5, isEdge: false, sheets };
}

/** Each pixel by itself, as it is said: the nearest sheet, if that reaches so far. */
function slowly({ row, column, across, down, reach }: Pile, plane: Through): number[] {
  const out = normal([row, column]);
  return Array.from({ length: plane.width * plane.height }, (_, at) => {
    const along = plus(plane.start, plane.right, at % plane.width);
    const place = plus(along, plane.down, Math.floor(at / plane.width));
    const depth = dot(place, out);
    const away = DEPTHS.map((one) => Math.abs(one - depth));
    const nearest = away.indexOf(Math.min(...away));
    if ((away[nearest] as number) > reach) return 0;
    const { left, top } = sheets[nearest] as Sheet;
    const i = Math.round((dot(place, row) - left) / across);
    const j = Math.round((dot(place, column) - top) / down);
    const isIn = i >= 0 && j >= 0 && i < WIDTH && j < HEIGHT;
    return isIn && (BITS[nearest] as number[])[j * WIDTH + i] === 1 ? 255 : 0;
  });
}

function spread(plane: Through, pile: Pile): number[] {
  const whole = new Array<number>(plane.width * plane.height).fill(0);
  for (const { left, top, width, height, values } of stencilsOf([pile], plane))
    for (let at = 0; at < width * height; at++)
      whole[(top + Math.floor(at / width)) * plane.width + left + (at % width)] = values[
        at
      ] as number;
  return whole;
}

describe('a plane through masks', () => {
  const turned = unit([3, 1, 0.5]);
  const leaning = unit(plus([0, 1, 0.2], turned, -dot([0, 1, 0.2], turned)));
  const piles = [
    pileOf([1, 0, 0], [0, 1, 0]),
    pileOf([0, -1, 0], [0, 0, 1]),
    pileOf(turned, leaning),
  ];
  const across: [Vector, Vector][] = [
    [
      [1, 0, 0],
      [0, 1, 0],
    ],
    [
      [1, 0, 0],
      [0, 0, -1],
    ],
    [
      [0, 1, 0],
      [0, 0, -1],
    ],
    [turned, leaning],
    [unit([1, 2, -3]), unit([3, 0, 1])],
  ];

  it('holds at each pixel what the nearest sheet has there', () => {
    let covered = 0;
    for (const pile of piles)
      for (const [right, down] of across)
        for (const off of [-1.03, 0.31, 2.17, 6.06]) {
          const out = normal([right, down]);
          const plane: Through = {
            start: plus(plus(plus([3.013, 1.007, 4.021], out, off), right, -14), down, -14),
            right: plus([0, 0, 0], right, 0.611),
            down: plus([0, 0, 0], down, 0.611),
            width: 46,
            height: 47,
            piles: [0],
          };
          const expected = slowly(pile, plane);
          expect(spread(plane, pile)).toEqual(expected);
          covered += expected.filter((value) => value > 0).length;
        }
    expect(covered).toBeGreaterThan(1_000);
  });

  it('leaves between sheets what neither reaches, and gives what lies half way to the next', () => {
    const [pile] = piles as [Pile];
    const cut = (depth: number) =>
      spread(
        {
          start: [4, -4, depth],
          right: [1.25, 0, 0],
          down: [0, 0.8, 0],
          width: 7,
          height: 7,
          piles: [0],
        },
        pile,
      );
    const whole = (at: number) => cut(DEPTHS[at] as number);
    expect(cut(1.499)).toEqual(whole(0));
    expect(cut(1.5)).toEqual(whole(1));
    expect(cut(1.5 - 1e-12)).toEqual(whole(1));
    expect(cut(6).some(Boolean)).toBe(false);
    expect(cut(7.6)).toEqual(whole(2));
    expect(stencilsOf(piles, { ...planeAt(20), piles: [0] })).toEqual([]);
  });

  it('keeps fractions, and of contours the edge only', () => {
    const faint: Sheet = {
      ...(sheets[0] as Sheet),
      left: 0,
      top: 0,
      width: 2,
      height: 1,
      ink: { bits: 8, mask: btoa(String.fromCharCode(7, 200)) },
    };
    const pile = { ...(piles[0] as Pile), across: 1, down: 1 };
    const [found] = stencilsOf([{ ...pile, sheets: [faint] }], planeAt(0));
    expect(spread(planeAt(0), { ...pile, sheets: [faint] }).filter(Boolean)).toEqual([7, 200]);
    expect(found?.pile).toBe(0);
    const square = [[-0.5, -0.5, 3.5, -0.5, 3.5, 3.5, -0.5, 3.5]];
    const box: Sheet = { ...faint, width: 4, height: 4, ink: square };
    const edge = spread(planeAt(0), { ...pile, isEdge: true, sheets: [box] });
    expect(edge.filter(Boolean)).toHaveLength(12);
  });
});

const planeAt = (depth: number): Through => ({
  start: [-1, -1, depth],
  right: [1, 0, 0],
  down: [0, 1, 0],
  width: 8,
  height: 8,
  piles: [0],
});

it('outlines enclose pixels whose centres lie within an odd number of them', () => {
  const outer = [0.2, 0.3, 8.6, 1.1, 7.2, 8.4, 3.9, 4.1, 0.4, 8.8];
  const hole = [5.1, 2.2, 6.8, 2.3, 6.1, 4.9];
  const bytes = filled([outer, hole], 10, 10);
  const isWithin = (polygon: number[], x: number, y: number): boolean => {
    let isIn = false;
    for (let at = 0; at < polygon.length; at += 2) {
      const [ax, ay] = [polygon[at] as number, polygon[at + 1] as number];
      const next = (at + 2) % polygon.length;
      const [bx, by] = [polygon[next] as number, polygon[next + 1] as number];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) isIn = !isIn;
    }
    return isIn;
  };
  const found = Array.from(
    { length: 100 },
    (_, at) => ((bytes[at >> 3] as number) >> (7 - (at & 7))) & 1,
  );
  const expected = Array.from({ length: 100 }, (_, at) =>
    Number(
      isWithin(outer, at % 10, Math.floor(at / 10)) !==
        isWithin(hole, at % 10, Math.floor(at / 10)),
    ),
  );
  expect(found).toEqual(expected);
  expect(expected.filter(Boolean).length).toBeGreaterThan(20);
});
