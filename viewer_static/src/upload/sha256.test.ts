import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { base64, digestOf, hex, sha256 } from './sha256.ts';

const bytes = (length: number) => new Uint8Array(length).map((_, i) => (i * 131 + 7) & 0xff);

it.each([0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 1_000, 100_001])(
  'digests %i bytes as everybody does',
  async (length) => {
    const wanted = createHash('sha256').update(bytes(length));
    const digest = wanted.digest();
    expect(hex(sha256(bytes(length)))).toBe(digest.toString('hex'));
    expect(base64(await digestOf(bytes(length)))).toBe(digest.toString('base64'));
  },
);

it('reads a part of a larger buffer where it lies', () => {
  const large = bytes(300);
  const wanted = createHash('sha256').update(large.subarray(13, 250)).digest('hex');
  expect(hex(sha256(large.subarray(13, 250)))).toBe(wanted);
});
