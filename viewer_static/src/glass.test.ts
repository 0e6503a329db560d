import { expect, test } from 'vitest';
import { sentence } from './glass.ts';

test('the banner says how long the emergency access lasts', () => {
  expect(sentence(3_600_000)).toContain('60 minutes left');
  expect(sentence(61_000)).toContain('2 minutes left');
  expect(sentence(59_000)).toContain('less than a minute left');
});
