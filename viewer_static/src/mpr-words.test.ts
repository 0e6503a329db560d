import { expect, it } from 'vitest';
import { ViewerError } from './errors.ts';
import type { Asked } from './mpr-cuts.ts';
import { turnedAxes, viewOf } from './mpr-planes.ts';
import { factsOfVolume, failuresOf, honestyOf, marked, planeLines, stateOf } from './mpr-words.ts';
import type { Grid } from './volume-grid.ts';

const counts = { instances: 9, received: 9, verified: 9, lengthOnly: 0, failed: 0 };

it('a volume is called verified only when it is, and complete only when it is', () => {
  const volume = { isComplete: true, count: 9, total: 9, failures: [] };
  expect(stateOf(volume, { counts })).toBe('9 slices, all verified');
  expect(stateOf(volume, { counts: { ...counts, lengthOnly: 2 } })).toBe(
    '9 slices, 2 by length only',
  );
  expect(stateOf({ ...volume, isComplete: false, count: 7 }, { counts })).toBe(
    '7 of 9 slices, reconstruction incomplete',
  );
});

it('a picture of planes says what it is made of', () => {
  const volume = { isComplete: true, count: 9, total: 9, failures: [] };
  expect(honestyOf(volume, { counts })).toBe('Reconstruction');
  const part = { ...volume, isComplete: false, count: 7 };
  expect(honestyOf(part, { counts: { ...counts, lengthOnly: 2 } })).toBe(
    'Reconstruction · 7 of 9 slices · not verified by digest',
  );
});

it('failed slices are named with their reason, and none goes uncounted', () => {
  const volume = { isComplete: false, count: 4, total: 9, failures: [0, 3, 4, 6, 8] };
  const error = () => new ViewerError('digest');
  expect(failuresOf(volume, { error })).toBe(
    'Slice 1: image failed its check · Slice 4: image failed its check · Slice 5: image failed its check · and 2 more',
  );
  expect(failuresOf({ ...volume, failures: [] }, { error })).toBe('');
});

const GRID: Grid = {
  columns: 8,
  rows: 8,
  slices: 6,
  origin: [0, 0, 0],
  steps: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 2],
  ],
};

it('a tilted gantry is told', () => {
  expect(factsOfVolume(GRID, 2 ** 21, { tilt: 0 })).toBe('8 × 8 × 6 · 2 MB');
  expect(factsOfVolume(GRID, 2 ** 21, { tilt: 12.3 })).toBe(
    '8 × 8 × 6 · 2 MB · gantry tilt of 12.3° is reckoned with',
  );
});

it('a plane that was turned is not called axial without saying so, and a coarse one is marked', () => {
  const view = viewOf(GRID, 'axial');
  const wish = { view, index: 2, mode: 'max', thickness: 6, laid: 0 } as const;
  const asked: Asked = { ...wish, revision: 1, coarse: 1 };
  expect(planeLines(asked, '12 HU')).toBe('Axial 3/6\nH 4.0 mm\nMIP 6.0 mm\n12 HU');
  const axes = turnedAxes(view.axes, viewOf(GRID, 'coronal').axes, Math.PI / 9);
  expect(planeLines({ ...asked, view: { ...view, axes } }, '')).toContain(
    'oblique, 20.0° from axial',
  );
  expect(marked('', asked)).toBe('Reconstruction');
  expect(marked('', { ...asked, coarse: 2 })).toBe('Reconstruction · coarse while moving');
});
