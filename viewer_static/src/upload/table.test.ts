import { describe, expect, it } from 'vitest';
import { Item } from './item.ts';
import { cell, leftOut } from './table.ts';

function item(path: string, why: string): Item {
  const made = new Item({ path, size: 7, fingerprint: path, kind: 'other', plain: false });
  made.become('skipped', 0, why);
  return made;
}

describe('A saved table', () => {
  it('names what was not sent, under the columns of the server', () => {
    const sent = item('A/SENT.TXT', 'not an image');
    sent.id = 'x';
    const lines = leftOut([item('A/NOTES.TXT', 'Not an image: a text, "old"'), sent]);
    expect(lines).toBe(
      'A/NOTES.TXT,,not sent,skipped,"Not an image: a text, ""old""",,,,,,,,,,7\r\n',
    );
    expect(lines.split('"').pop()?.split(',').length).toBe(11);
  });

  it('holds no formula', () => {
    expect(cell('=SUM(A1)')).toBe("'=SUM(A1)");
    expect(cell('-1')).toBe("'-1");
    expect(cell('+1,2')).toBe('"\'+1,2"');
    expect(cell('plain')).toBe('plain');
  });
});
