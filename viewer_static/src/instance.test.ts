import { describe, expect, it } from 'vitest';
import {
  type Announced,
  digestOf,
  isDicom,
  misannounced,
  objection,
  proof,
  syntaxOf,
} from './instance.ts';
import { dicom } from './testing.ts';

const file = dicom(2_000);
const expected = { id: 'x', size: 2_000, md5: file.md5 };
const announced = (change: Partial<Announced> = {}): Announced => ({
  length: 2_000,
  md5: file.md5,
  converted: null,
  integrity: 'md5',
  ...change,
});
const other = 'f'.repeat(32);
const category = (md5: string, change: Partial<Announced> = {}) =>
  objection(file.bytes, md5, expected, announced(change))?.category ?? null;

describe('instance', () => {
  it('passes the file the archive stored', () => {
    expect(category(file.md5)).toBeNull();
    expect(proof(expected, announced())).toBe('md5');
  });

  it('refuses another digest than the ETag`s', () => {
    expect(category(other)).toBe('digest');
  });

  it('refuses another digest than the listing`s even without an ETag', () => {
    expect(category(other, { md5: null })).toBe('digest');
  });

  it('names both digests of what did not agree, for the incident bundle', () => {
    const wrong = objection(file.bytes, other, expected, announced());
    expect(wrong?.digests).toEqual({ expected: file.md5, got: other });
    expect(wrong?.withRequest('r1').digests).toEqual({ expected: file.md5, got: other });
  });

  it('reads the coding in the file itself, and passes on no private one', () => {
    const coded = (uid: string) => {
      const bytes = new Uint8Array(300);
      bytes.set([0x02, 0x00, 0x10, 0x00, 0x55, 0x49, uid.length, 0], 158);
      bytes.set(new TextEncoder().encode(uid), 166);
      return syntaxOf(bytes);
    };
    expect(coded('1.2.840.10008.1.2.4.90')).toBe('1.2.840.10008.1.2.4.90');
    expect(coded('1.2.840.10008.1.2.1\0')).toBe('1.2.840.10008.1.2.1');
    expect(coded('1.2.840.113619.5.2')).toBe('');
    expect(syntaxOf(file.bytes)).toBe('');
  });

  it('tells a changed instance from a damaged one', () => {
    const changed = objection(file.bytes, file.md5, { ...expected, md5: other }, announced());
    expect(changed?.category).toBe('changed');
  });

  it('judges a converted file by its own digest alone', () => {
    const converted = announced({ converted: 'deflated' });
    expect(
      objection(file.bytes, file.md5, { ...expected, md5: other, size: 5 }, converted),
    ).toBeNull();
    expect(objection(file.bytes, other, expected, converted)?.category).toBe('digest');
    expect(misannounced({ ...expected, size: 5 }, converted)).toBeNull();
  });

  it('knows a wrong length before the body is read', () => {
    expect(misannounced(expected, announced({ length: 1_999 }))?.category).toBe('short');
    expect(misannounced(expected, announced({ length: 1_999, md5: other }))?.category).toBe(
      'changed',
    );
    expect(misannounced(expected, announced())).toBeNull();
  });

  it('refuses fewer bytes than announced', () => {
    expect(
      objection(file.bytes.subarray(0, 1_500), file.md5, expected, announced())?.category,
    ).toBe('short');
  });

  it('tells a web page and other bytes from DICOM', () => {
    const page = new TextEncoder().encode('<!doctype html><title>Sign in</title>'.padEnd(2_000));
    expect(objection(page, other, expected, announced())?.category).toBe('html');
    const noise = new Uint8Array(2_000);
    expect(objection(noise, other, expected, announced())?.category).toBe('not-dicom');
    expect(isDicom(new Uint8Array(131))).toBe(false);
  });

  it('does not ask again for a file that is stored without a header', () => {
    const noise = new Uint8Array(2_000);
    const error = objection(noise, file.md5, expected, announced());
    expect(error).toMatchObject({ category: 'not-dicom', retryable: false });
  });

  it('says "length" when nobody kept a digest', () => {
    expect(proof({ ...expected, md5: null }, announced({ md5: null }))).toBe('length');
    expect(proof(expected, announced({ md5: null, converted: 'x' }))).toBe('length');
    expect(proof(expected, announced({ converted: 'x', integrity: 'length' }))).toBe('length');
    expect(proof(expected, announced({ converted: 'x' }))).toBe('md5');
  });

  it('takes a digest only from a strong md5 tag', () => {
    expect(digestOf(`"md5-${file.md5}"`)).toBe(file.md5);
    expect(digestOf(`W/"md5-${file.md5}"`)).toBeNull();
    expect(digestOf('"len-5-abc"')).toBeNull();
    expect(digestOf(null)).toBeNull();
  });
});
