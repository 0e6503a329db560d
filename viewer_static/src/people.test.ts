import { expect, test } from 'vitest';
import { limitsOf, within } from './people.ts';

test('a restriction is written as it is read', () => {
  const limits = { labels: ['trial', 'ward 3'], institutions: [], modalities: ['mr'] };
  expect(within(limits)).toBe('labels: trial, ward 3; modalities: mr');
  expect(limitsOf({ labels: ' trial , ward 3,', institutions: '', modalities: 'mr' })).toEqual(
    limits,
  );
});

test('naming nothing restricts nobody', () => {
  expect(limitsOf({ labels: ' , ', institutions: '', modalities: '' })).toBeNull();
  expect(within(null)).toBe('All studies');
});
