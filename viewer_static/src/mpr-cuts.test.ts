import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Asked, Cuts, type Wish } from './mpr-cuts.ts';
import { NAMES, type Name, viewOf } from './mpr-planes.ts';
import type { Volume } from './volume.ts';
import type { Cut } from './volume-cut.ts';
import type { Grid } from './volume-grid.ts';

const GRID: Grid = {
  columns: 64,
  rows: 64,
  slices: 32,
  origin: [0, 0, 0],
  steps: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 2],
  ],
};
const views = Object.fromEntries(NAMES.map((name) => [name, viewOf(GRID, name)]));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('window', globalThis);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A worker that says it takes `ms` for a whole plane, less for a coarse one. */
function bench(ms: number) {
  const wish = { index: 3, mode: 'thin', thickness: 10, laid: 0 } as const;
  const state: { wish: Omit<Wish, 'view'> } = { wish };
  const cuts: Cut[] = [];
  const shown: [Name, Asked][] = [];
  const volume = {
    made: { grid: GRID, bytes: 0, frame: '' },
    revision: 1,
    cut: (cut: Cut) => {
      cuts.push(cut);
      const share = (cut.width * cut.height) / (64 * 64);
      return Promise.resolve({ pixels: new Float32Array(1), stencils: [], ms: ms * share });
    },
  };
  const made = new Cuts(
    volume as unknown as Volume,
    (name) => ({ ...state.wish, view: views[name] as Wish['view'] }),
    () => null,
    (name, _, asked) => shown.push([name, asked]),
  );
  return { made, state, shown, cuts };
}

const coarseness = (shown: readonly [Name, Asked][]) =>
  shown.filter(([name]) => name === 'axial').map(([, { index, coarse }]) => [index, coarse]);

it('a plane that is slow to cut is coarse while it moves, and whole when the hand rests', async () => {
  const { made, state, shown } = bench(400);
  made.moved();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(coarseness(shown)).toEqual([[3, 1]]);
  state.wish = { ...state.wish, index: 4 };
  made.moved();
  await vi.advanceTimersByTimeAsync(50);
  expect(coarseness(shown)).toEqual([
    [3, 1],
    [4, 3],
  ]);
  expect(made.isSettled).toBe(false);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(coarseness(shown).at(-1)).toEqual([4, 1]);
  expect(made.isSettled).toBe(true);
});

it('a quick one is never coarse, and what is on screen already is not cut again', async () => {
  const { made, state, shown, cuts } = bench(40);
  made.moved();
  await vi.advanceTimersByTimeAsync(1_000);
  state.wish = { ...state.wish, index: 5 };
  made.moved();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(coarseness(shown)).toEqual([
    [3, 1],
    [5, 1],
  ]);
  const before = cuts.length;
  made.moved();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(cuts.length).toBe(before);
});
