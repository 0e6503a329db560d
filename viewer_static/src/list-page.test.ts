import { expect, it } from 'vitest';
import type { StudyPage } from './api.ts';
import { aged, noStudies } from './list-page.ts';

const EMPTY = { items: [], total: 0, more: false, sorted: true } as unknown as StudyPage;
const AWAY: StudyPage = { ...EMPTY, as_of: 1_700_000_000 };

it('an empty list says why it is empty', () => {
  expect(noStudies(EMPTY, false)).toBe('The archive holds no studies yet.');
  expect(noStudies(EMPTY, true)).toBe('No study matches this search.');
  expect(aged(EMPTY)).toBe('');
});

it('of an archive that is away it says only that', () => {
  expect(aged(AWAY)).toMatch(/^The archive does not answer\./);
  expect(noStudies(AWAY, false)).toBe('');
});
