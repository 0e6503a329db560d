import { expect, it } from 'vitest';
import type { Contents } from './contents.ts';
import { titled } from './key-notes.ts';

const note = (title: string, ...uids: string[]): Contents => ({
  sop_uid: '',
  class_name: '',
  kind: 'key object selection',
  facts: [],
  references: uids.map((uid) => ({ uid, series: '9', class: '' })),
  report: {
    ...{ title, completion: '', verification: '', verifiers: [], date: '', time: '' },
    ...{ items: [], cut: false },
  },
});

it('an image is called what each document that names it is called, once', () => {
  const found = titled([
    note('For Teaching', '1', '2'),
    note('Of Interest', '2'),
    note('Of Interest', '2'),
  ]);
  expect([...found]).toEqual([
    ['1', 'For Teaching'],
    ['2', 'For Teaching, Of Interest'],
  ]);
  expect(titled([note('', '3')]).get('3')).toBe('Key object');
});
