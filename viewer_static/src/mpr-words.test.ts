import { expect, it } from 'vitest';
import { ViewerError } from './errors.ts';
import { failuresOf, stateOf } from './mpr-words.ts';

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

it('failed slices are named with their reason, and none goes uncounted', () => {
  const volume = { isComplete: false, count: 4, total: 9, failures: [0, 3, 4, 6, 8] };
  const error = () => new ViewerError('digest');
  expect(failuresOf(volume, { error })).toBe(
    'Slice 1: image failed its check · Slice 4: image failed its check · Slice 5: image failed its check · and 2 more',
  );
  expect(failuresOf({ ...volume, failures: [] }, { error })).toBe('');
});
