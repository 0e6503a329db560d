import { expect, it } from 'vitest';
import { isComplete } from './progress.ts';

const all = { instances: 3, received: 3, verified: 3, lengthOnly: 0, failed: 0 };

it('calls a series complete only when every listed file is proven by its digest', () => {
  expect(isComplete(all, 0)).toBe(true);
  expect(isComplete({ ...all, verified: 2 }, 0)).toBe(false);
  expect(isComplete({ ...all, verified: 2, lengthOnly: 1 }, 0)).toBe(false);
  expect(isComplete({ ...all, failed: 1 }, 0)).toBe(false);
  expect(isComplete(all, 1)).toBe(false);
  expect(isComplete({ ...all, instances: 0, verified: 0, received: 0 }, 0)).toBe(false);
});
