import { expect, it } from 'vitest';
import { Proofs } from './proofs.ts';
import { instanceOf } from './testing.ts';

const proof = { integrity: 'md5', converted: 'a reason' } as const;
const proven = { ...proof, md5: 'c'.repeat(32) };

it('remembers what was proven while the archive lists the same bytes', () => {
  const proofs = new Proofs();
  const instance = { ...instanceOf(1), md5: 'a'.repeat(32) };
  expect(proofs.of(instance)).toBeNull();
  proofs.keep(instance, proven);
  expect(proofs.of(instance)).toEqual(proof);
});

it('forgets it when the archive lists other bytes under the same identifier', () => {
  const proofs = new Proofs();
  const instance = { ...instanceOf(1), md5: 'a'.repeat(32) };
  proofs.keep(instance, proven);
  expect(proofs.of({ ...instance, md5: 'b'.repeat(32) })).toBeNull();
});

it('knows a file again whose digest came with its bytes, after a list that did not tell it', () => {
  const proofs = new Proofs();
  const instance = { ...instanceOf(1), md5: null };
  proofs.keep(instance, { ...proven, converted: null });
  const known = { integrity: 'md5', converted: null };
  expect(proofs.of({ ...instance, md5: 'c'.repeat(32) })).toEqual(known);
  expect(proofs.of({ ...instance, md5: 'b'.repeat(32) })).toBeNull();
  proofs.keep(instance, proven);
  expect(proofs.of({ ...instance, md5: 'c'.repeat(32) })).toBeNull();
});

it('believes nothing it remembers where the archive keeps no digest', () => {
  const proofs = new Proofs();
  const instance = { ...instanceOf(1), md5: null };
  proofs.keep(instance, proven);
  expect(proofs.of(instance)).toBeNull();
});
