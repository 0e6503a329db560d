/** What a file is, by its first bytes, as the server will judge it too; names and endings are not trusted. Pure. */

export type Kind = 'dicom' | 'dicomdir' | 'tiff' | 'zip' | 'iso' | 'empty' | 'other';

/** What leaves this computer; the rest is skipped, each with its reason. */
export const SENT: ReadonlySet<Kind> = new Set(['dicom', 'tiff', 'zip', 'iso']);

export const ISO_AT = 32_769;
const MEDIA_DIRECTORY = '1.2.840.10008.1.3.10';

const at = (bytes: Uint8Array, offset: number): number => bytes[offset] ?? -1;

function says(bytes: Uint8Array, offset: number, text: string): boolean {
  return [...text].every((letter, index) => at(bytes, offset + index) === letter.charCodeAt(0));
}

const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;

const named = (head: Uint8Array): boolean => isUpper(at(head, 4)) && isUpper(at(head, 5));

/** A data set that begins at once: group 0002 or 0008, then a VR, or a length that can be true. */
function bare(head: Uint8Array): boolean {
  const [a, b, c, d] = [at(head, 0), at(head, 1), at(head, 2), at(head, 3)];
  if (a === 0 && b === 8) return c === 0 && named(head);
  if ((a !== 2 && a !== 8) || b !== 0 || d !== 0 || head.length < 16) return false;
  return named(head) || (at(head, 5) < 4 && at(head, 6) === 0 && at(head, 7) === 0);
}

function isTiff(head: Uint8Array): boolean {
  return ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((magic) => says(head, 0, magic));
}

/** The file's nature; `sopClass` is what its meta header says it is, if that was read. */
export function recognised(head: Uint8Array, sopClass: string | null): Kind {
  if (head.length === 0) return 'empty';
  if (says(head, 128, 'DICM') || bare(head))
    return sopClass === MEDIA_DIRECTORY ? 'dicomdir' : 'dicom';
  if (isTiff(head)) return 'tiff';
  if (says(head, 0, 'PK\x03\x04') || says(head, 0, 'PK\x05\x06')) return 'zip';
  return 'other';
}

/** Only for files nothing else recognised: five bytes far inside. */
export const isIso = (there: Uint8Array): boolean => says(there, 0, 'CD001');

const STRANGERS: readonly (readonly [string, string])[] = [
  ['%PDF', 'a PDF document, not an image'],
  ['\xff\xd8\xff', 'a JPEG picture, not a DICOM image'],
  ['\x89PNG', 'a PNG picture, not a DICOM image'],
  ['GIF8', 'a GIF picture, not a DICOM image'],
  ['BM', 'a bitmap picture, not a DICOM image'],
  ['MZ', 'a program, not an image'],
  ['\x7fELF', 'a program, not an image'],
  ['\x1f\x8b', 'compressed with gzip: unpack it first'],
  ['Rar!', 'a RAR archive: unpack it first'],
  ['7z\xbc\xaf', 'a 7-Zip archive: unpack it first'],
];

export function whySkipped(kind: Kind, head: Uint8Array): string {
  if (kind === 'empty') return 'the file is empty';
  if (kind === 'dicomdir') return "the disc's table of contents: read here, not sent";
  return STRANGERS.find(([magic]) => says(head, 0, magic))?.[1] ?? 'not an image';
}
