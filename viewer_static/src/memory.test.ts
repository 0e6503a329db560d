import { expect, it } from 'vitest';
import { pictureLimit } from './memory.ts';

const kept = (value: string | null) => ({ getItem: () => value });

it('is what the reader allows, and else what the machine bears', () => {
  expect(pictureLimit(kept('256'), {})).toBe(256);
  expect(pictureLimit(kept(null), { deviceMemory: 8 })).toBe(2_048);
  expect(pictureLimit(kept(null), {})).toBe(1_024);
  for (const nonsense of ['0', '-5', 'x', 'NaN'])
    expect(pictureLimit(kept(nonsense), {})).toBe(1_024);
});
