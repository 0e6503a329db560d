import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Md5, md5 } from './md5.ts';

const reference = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const made = (length: number) => new Uint8Array(length).map((_, index) => (index * 131 + 7) & 0xff);

describe('md5', () => {
  it.each([0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 1_000, 65_537])(
    'agrees with another implementation on %i bytes',
    (length) => expect(md5(made(length))).toBe(reference(made(length))),
  );

  it('does not depend on how the bytes were cut into pieces', () => {
    const bytes = made(10_000);
    for (const step of [1, 7, 63, 64, 65, 4_096]) {
      const hash = new Md5();
      for (let at = 0; at < bytes.length; at += step) hash.update(bytes.subarray(at, at + step));
      expect(hash.hex()).toBe(reference(bytes));
    }
  });
});
