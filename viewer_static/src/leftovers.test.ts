import { expect, it } from 'vitest';
import { Leftovers } from './leftovers.ts';
import { Partial } from './partial.ts';

const MIB = 1024 ** 2;

function begun(mebibytes: number): Partial {
  const partial = new Partial();
  partial.begin({ length: mebibytes * MIB, md5: null, converted: null, integrity: 'md5' }, '"x"');
  partial.take(new Uint8Array(10));
  return partial;
}

it('hands a beginning out once', () => {
  const leftovers = new Leftovers();
  const partial = begun(1);
  leftovers.keep('a', partial);
  expect(leftovers.take('a')).toBe(partial);
  expect(leftovers.take('a')).not.toBe(partial);
});

it('keeps nothing of a file that had not begun', () => {
  const leftovers = new Leftovers();
  const empty = new Partial();
  leftovers.keep('a', empty);
  expect(leftovers.take('a')).not.toBe(empty);
});

it('stays within its memory, the oldest going first', () => {
  const leftovers = new Leftovers();
  const three = [begun(30), begun(30), begun(30)] as const;
  leftovers.keep('a', three[0]);
  leftovers.keep('b', three[1]);
  leftovers.keep('c', three[2]);
  expect(leftovers.take('a').received).toBe(0);
  expect(leftovers.take('c')).toBe(three[2]);
  expect(leftovers.take('b')).toBe(three[1]);
});
