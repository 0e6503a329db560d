/** Text of DICOM values for people to look at, in the character sets browsers know. Pure. */

const ESCAPE = 0x1b;

const SETS: readonly (readonly [RegExp, string])[] = [
  [/ISO_IR 192/, 'utf-8'],
  [/GB18030/, 'gb18030'],
  [/GBK/, 'gbk'],
  [/IR 58\b/, 'gb18030'],
  [/IR 149/, 'euc-kr'],
  [/IR (87|159)\b/, 'iso-2022-jp'],
  [/IR 13\b/, 'shift_jis'],
  [/IR 101/, 'iso-8859-2'],
  [/IR 109/, 'iso-8859-3'],
  [/IR 110/, 'iso-8859-4'],
  [/IR 144/, 'iso-8859-5'],
  [/IR 127/, 'iso-8859-6'],
  [/IR 126/, 'iso-8859-7'],
  [/IR 138/, 'iso-8859-8'],
  [/IR 148/, 'windows-1254'],
  [/IR 166/, 'windows-874'],
];

/** The switches between sets are no letters: ESC, then two or three characters. */
function escapesOut(bytes: Uint8Array, label: string): Uint8Array {
  if (label === 'iso-2022-jp' || !bytes.includes(ESCAPE)) return bytes;
  const switches = new RegExp(`${String.fromCharCode(ESCAPE)}(\\$[()-]?|[()-]).`, 'g');
  const text = String.fromCharCode(...bytes).replace(switches, '');
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

export function decoded(bytes: Uint8Array | undefined, charset: string): string {
  if (bytes === undefined) return '';
  const label = SETS.find(([pattern]) => pattern.test(charset))?.[1] ?? 'windows-1252';
  const text = new TextDecoder(label).decode(escapesOut(bytes.subarray(0, 1_024), label));
  return text.replace(/[\0 ]+$/, '').trimStart();
}
