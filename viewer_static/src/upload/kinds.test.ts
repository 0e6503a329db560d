import { describe, expect, it } from 'vitest';
import { isIso, recognised, SENT, whySkipped } from './kinds.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const filled = (text: string): Uint8Array => bytes(text.padEnd(132, '\0'));
const preamble = bytes(`${'\0'.repeat(128)}DICM`);

describe('files are told by their content', () => {
  it.each([
    ['a preamble', preamble, 'dicom'],
    ['no preamble, explicit', filled('\x08\0\x05\0CS\x0a\0ISO_IR 100'), 'dicom'],
    ['no preamble, implicit', filled('\x08\0\x05\0\x0a\0\0\0ISO_IR 100'), 'dicom'],
    ['no preamble, meta first', filled('\x02\0\0\0UL\x04\0'), 'dicom'],
    ['no preamble, big endian', filled('\0\x08\0\x05CS\0\x0a'), 'dicom'],
    ['TIFF, little endian', filled('II*\0'), 'tiff'],
    ['TIFF, big endian', filled('MM\0*'), 'tiff'],
    ['BigTIFF', filled('II+\0'), 'tiff'],
    ['ZIP', filled('PK\x03\x04'), 'zip'],
    ['an empty ZIP', filled('PK\x05\x06'), 'zip'],
    ['nothing', new Uint8Array(), 'empty'],
    ['one byte', bytes('\x08'), 'other'],
    ['text', filled('[autorun]'), 'other'],
    ['a text that begins with a group number', bytes('\x08\0 1'), 'other'],
  ])('%s', (_, head, kind) => {
    expect(recognised(head, null)).toBe(kind);
  });

  it('a table of contents is not sent as an image', () => {
    expect(recognised(preamble, '1.2.840.10008.1.3.10')).toBe('dicomdir');
    expect(SENT.has('dicomdir')).toBe(false);
  });

  it('a disc image is told by the mark inside', () => {
    expect(isIso(bytes('CD001'))).toBe(true);
    expect(isIso(bytes('CD00'))).toBe(false);
  });
});

it.each([
  ['%PDF-1.4', 'a PDF document, not an image'],
  ['MZ\x90', 'a program, not an image'],
  ['\x1f\x8b\x08', 'compressed with gzip: unpack it first'],
  ['hello', 'not an image'],
])('what is skipped has its reason: %j', (start, reason) => {
  expect(whySkipped('other', bytes(start))).toBe(reason);
});
