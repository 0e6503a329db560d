import { describe, expect, it } from 'vitest';
import { Unreadable } from './chunks.ts';
import { Item, type State } from './item.ts';
import { type Remedy, remedy } from './remedy.ts';
import { troubleOf } from './trouble.ts';
import { stateOf } from './words.ts';

function ended(state: State, code = '', file: Blob | null = new Blob()): Item {
  const item = new Item({ path: 'a', size: 1, fingerprint: 'a', kind: 'dicom', plain: true });
  item.file = file;
  item.become(state, 0, 'Why.', code);
  return item;
}

describe('A file that was not taken', () => {
  it.each<[string, State, string, Remedy]>([
    ['damaged', 'refused', 'truncated', null],
    ['held off by the shield', 'refused', 'too_deep', null],
    ['of an unsupported kind', 'refused', 'tiff_unsupported', null],
    ['larger than the server takes', 'refused', 'too_large', null],
    ['of a study that was deleted', 'cancelled', 'study_deleted', null],
    ['in conflict', 'conflict', 'other_bytes', null],
    ['refused by a code nobody knows', 'refused', 'quite_new', null],
    ['above a quota', 'refused', 'quota', 'retry'],
    ['without room on the disk', 'refused', 'disk_low', 'retry'],
    ['damaged on the server', 'refused', 'staged_damaged', 'retry'],
    ['given up by the archive', 'refused', 'gave_up', 'retry'],
    ['let go of by the server, again and again', 'refused', 'gone', 'retry'],
    ['expired', 'expired', '', 'retry'],
    ['lost', 'lost', '', 'retry'],
    ['on a removed stick', 'refused', 'removed', 'choose'],
    ['changed since', 'refused', 'changed', 'choose'],
  ])('%s', (_, state, code, found) => {
    expect(remedy(ended(state, code))).toBe(found);
  });

  it('is chosen again where this page holds it no more', () => {
    const item = ended('lost', '', null);
    expect(remedy(item)).toBe('choose');
    expect(stateOf(item, 0)).toBe('lost on the server: choose it again');
    expect(stateOf(ended('lost'), 0)).toBe('lost on the server');
  });

  it.each(['unreadable', 'removed', 'changed'] as const)('says to choose it again: %s', (code) => {
    const trouble = troubleOf(new Unreadable(code));
    expect(remedy(ended('refused', trouble.code))).toBe('choose');
    expect(trouble.detail).toMatch(/choose (it|the file) again\.$/i);
  });

  it('says why it was cancelled when that was not by hand', () => {
    expect(stateOf(ended('cancelled', 'study_deleted'), 0)).toBe('cancelled: Why.');
  });
});
