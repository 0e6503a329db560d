/** Is this the whole DICOM file the archive stored? Pure: length, DICM mark, digests. */
import { ViewerError } from './errors.ts';

/** What the series listing promised about an instance. */
export interface Expected {
  readonly id: string;
  readonly size: number;
  readonly md5: string | null;
}

/** What the answer's headers promise; the length is the whole file's, also on a 206. */
export interface Announced {
  readonly length: number;
  readonly md5: string | null;
  readonly converted: string | null;
  readonly integrity: 'md5' | 'length';
}

const STRONG_MD5 = /^"?md5-([0-9a-f]{32})"?$/i;

/** The digest in an ETag "md5-<hex>"; a weak or foreign tag proves nothing. */
export function digestOf(etag: string | null): string | null {
  return etag === null ? null : (STRONG_MD5.exec(etag.trim())?.[1]?.toLowerCase() ?? null);
}

export function isDicom(bytes: Uint8Array): boolean {
  return bytes.length >= 132 && String.fromCharCode(...bytes.subarray(128, 132)) === 'DICM';
}

const TRANSFER_SYNTAX = [0x02, 0x00, 0x10, 0x00, 0x55, 0x49];
const STANDARD = /^1\.2\.840\.10008\.1\.2[0-9.]{0,16}$/;

/** What the file's meta information (PS3.10, 7.1) says of its coding; empty for none or a private one. */
export function syntaxOf(bytes: Uint8Array): string {
  const end = Math.min(bytes.length, 1_024) - 8;
  for (let at = 132; at < end; at += 2) {
    if (TRANSFER_SYNTAX.some((byte, index) => bytes[at + index] !== byte)) continue;
    const length = (bytes[at + 6] ?? 0) + 256 * (bytes[at + 7] ?? 0);
    const uid = String.fromCharCode(...bytes.subarray(at + 8, at + 8 + Math.min(length, 64)));
    const plain = uid.replace(/[\0 ]+$/, '');
    return STANDARD.test(plain) ? plain : '';
  }
  return '';
}

const looksLikeHtml = (bytes: Uint8Array): boolean =>
  /^\s*<(!doctype|html|head|body|\?xml)/i.test(String.fromCharCode(...bytes.subarray(0, 64)));

/** A converted file is ours, so the archive's size and digest say nothing about it. */
function againstListing(expected: Expected, announced: Announced, md5: string): ViewerError | null {
  if (announced.converted !== null || expected.md5 === null) return null;
  if (md5 === expected.md5.toLowerCase()) return null;
  return unlike(announced.md5 === md5 ? 'changed' : 'digest', expected.md5, md5);
}

const unlike = (category: 'changed' | 'digest', expected: string, got: string): ViewerError =>
  new ViewerError(category, '', { digests: { expected, got } });

function againstHeaders(announced: Announced, md5: string): ViewerError | null {
  if (announced.md5 === null || announced.md5 === md5) return null;
  return unlike('digest', announced.md5, md5);
}

/** A wrong length is known before the first byte of the body is read. */
export function misannounced(expected: Expected, announced: Announced): ViewerError | null {
  if (announced.converted !== null || announced.length === expected.size) return null;
  const other = announced.md5 !== null && expected.md5 !== null && announced.md5 !== expected.md5;
  const detail = `${announced.length} bytes announced, ${expected.size} stored.`;
  return new ViewerError(other ? 'changed' : 'short', detail);
}

/** The reason why these bytes must not be shown, or null: then they are proven. */
export function objection(
  bytes: Uint8Array,
  md5: string,
  expected: Expected,
  announced: Announced,
): ViewerError | null {
  if (bytes.length !== announced.length) {
    return new ViewerError('short', `${bytes.length} of ${announced.length} bytes arrived.`);
  }
  const wrong = againstHeaders(announced, md5) ?? againstListing(expected, announced, md5);
  if (isDicom(bytes)) return wrong;
  return wrong === null && proof(expected, announced) === 'md5' ? headless() : wrongKind(bytes);
}

/** Stored like this: asking again brings the same bytes. */
function headless(): ViewerError {
  return new ViewerError('not-dicom', 'The archive stores this file without a DICOM header.', {
    retryable: false,
  });
}

function wrongKind(bytes: Uint8Array): ViewerError {
  return new ViewerError(looksLikeHtml(bytes) ? 'html' : 'not-dicom');
}

/** Proven by digest, or only by length when nobody kept one. */
export function proof(expected: Expected, announced: Announced): 'md5' | 'length' {
  // A converted file has a digest of its own; what it was made from may have had none.
  const digest = announced.md5 ?? (announced.converted === null ? expected.md5 : null);
  return digest === null || (announced.converted !== null && announced.integrity === 'length')
    ? 'length'
    : 'md5';
}
