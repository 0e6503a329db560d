/** Walks DICOM elements in bytes that may be cut or hostile: no recursion, never past the end. Pure. */

export interface Syntax {
  readonly explicit: boolean;
  readonly little: boolean;
}

export interface Element {
  readonly tag: number;
  readonly vr: string;
  readonly start: number;
  readonly length: number;
}

export const UNDEFINED = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const PIXELS = 0x7fe00010;
const LONG = new Set([
  'OB',
  'OD',
  'OF',
  'OL',
  'OV',
  'OW',
  'SQ',
  'SV',
  'UC',
  'UN',
  'UR',
  'UT',
  'UV',
]);
const EXPLICIT: Syntax = { explicit: true, little: true };
const IMPLICIT: Syntax = { explicit: false, little: true };

const IMPLICIT_UID = '1.2.840.10008.1.2';
const BIG_UID = '1.2.840.10008.1.2.2';
const DEFLATED_UID = '1.2.840.10008.1.2.1.99';
/** Stored as numbers: worth compressing on a slow line. */
export const UNCOMPRESSED = new Set([IMPLICIT_UID, '1.2.840.10008.1.2.1', BIG_UID]);

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One element's head at `at`; null where the bytes end. */
export function elementAt(
  view: DataView,
  at: number,
  { explicit, little }: Syntax,
): Element | null {
  if (at + 8 > view.byteLength) return null;
  const tag = view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little);
  if (!explicit || tag >= ITEM)
    return { tag, vr: '', start: at + 8, length: view.getUint32(at + 4, little) };
  const vr = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5));
  if (!LONG.has(vr)) return { tag, vr, start: at + 8, length: view.getUint16(at + 6, little) };
  if (at + 12 > view.byteLength) return null;
  return { tag, vr, start: at + 12, length: view.getUint32(at + 8, little) };
}

/** How the depth changes behind an element: sequences and values of unknown length are walked through. */
function deeper({ tag, length }: Element): number {
  if (tag === SEQUENCE_END) return -1;
  return length === UNDEFINED && tag !== ITEM ? 1 : 0;
}

const ends = ({ tag }: Element): boolean => tag === ITEM_END || tag === SEQUENCE_END;

/** Elements of the outermost level from `at` to `end`, to an item's end, or to where the bytes break off.
 * The answer is the offset reached. */
export function* elements(
  view: DataView,
  at: number,
  end: number,
  syntax: Syntax,
): Generator<Element, number> {
  let depth = 0;
  let position = at;
  for (let next = inside(view, position, end, syntax); next; ) {
    position = behind(next);
    if (depth === 0 && ends(next)) break;
    if (depth === 0 && position <= view.byteLength) yield next;
    depth += deeper(next);
    next = inside(view, position, end, syntax);
  }
  return position;
}

const behind = ({ start, length }: Element): number => start + (length === UNDEFINED ? 0 : length);

function inside(view: DataView, at: number, end: number, syntax: Syntax): Element | null {
  const element = at < end ? elementAt(view, at, syntax) : null;
  return element?.tag === PIXELS ? null : element;
}

/** The items of a sequence, each with its first offset and end (or the sequence's, if undefined). */
export function* items(
  view: DataView,
  sequence: Element,
  syntax: Syntax,
): Generator<{ readonly at: number; readonly start: number; readonly end: number }> {
  const end = Math.min(view.byteLength, sequence.start + sequence.length);
  let position = sequence.start;
  while (position < end) {
    const item = elementAt(view, position, syntax);
    if (item === null || item.tag !== ITEM) return;
    const at = position;
    if (item.length === UNDEFINED) position = past(view, item.start, end, syntax);
    else position = item.start + item.length;
    yield { at, start: item.start, end: Math.min(position, end) };
  }
}

function past(view: DataView, start: number, end: number, syntax: Syntax): number {
  const walk = elements(view, start, end, syntax);
  for (;;) {
    const step = walk.next();
    if (step.done) return step.value;
  }
}

export interface Start {
  readonly at: number;
  readonly syntax: Syntax;
  readonly transferSyntax: string | null;
  readonly sopClass: string | null;
}

function value(view: DataView, { start, length }: Element): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + start, length);
}

const ascii = (bytes: Uint8Array): string =>
  String.fromCharCode(...bytes.subarray(0, 1_024)).replace(/[\0 ]+$/, '');

function bareSyntax(view: DataView): Syntax {
  const explicit = /^[A-Z]{2}$/.test(String.fromCharCode(view.getUint8(4), view.getUint8(5)));
  return { explicit, little: !(view.getUint8(0) === 0 && view.getUint8(1) === 8) };
}

const SYNTAXES: Readonly<Record<string, Syntax>> = {
  [IMPLICIT_UID]: IMPLICIT,
  [BIG_UID]: { explicit: true, little: false },
};

/** Where the data set begins and how it is written; null where that cannot be told (deflated). */
export function begin(view: DataView): Start | null {
  if (view.byteLength < 16) return null;
  const preamble = view.byteLength > 132 && view.getUint32(128) === 0x4449434d;
  const first = preamble ? 132 : 0;
  if (view.getUint16(first, true) !== 2) return unnamed(view, first);
  const { at, meta } = metaHeader(view, first);
  const transferSyntax = meta.get(0x00020010) ?? null;
  const sopClass = meta.get(0x00020002) ?? null;
  if (transferSyntax === DEFLATED_UID) return null;
  return { at, syntax: SYNTAXES[transferSyntax ?? ''] ?? EXPLICIT, transferSyntax, sopClass };
}

function metaHeader(view: DataView, first: number) {
  const meta = new Map<number, string>();
  let at = first;
  for (const element of elements(view, first, view.byteLength, EXPLICIT)) {
    if (element.tag >= 0x00030000) break;
    at = element.start + element.length;
    meta.set(element.tag, ascii(value(view, element)));
  }
  return { at, meta };
}

function unnamed(view: DataView, at: number): Start {
  const whole = new DataView(view.buffer, view.byteOffset + at, view.byteLength - at);
  const syntax = whole.byteLength < 8 ? EXPLICIT : bareSyntax(whole);
  return { at, syntax, transferSyntax: null, sopClass: null };
}

export type Values = Map<number, Uint8Array>;

/** The values of the named tags from `at` on, and whether the walk came past the last of them. */
export function values(
  view: DataView,
  range: { readonly at: number; readonly end: number },
  syntax: Syntax,
  tags: ReadonlySet<number>,
): { readonly found: Values; readonly complete: boolean } {
  const found: Values = new Map();
  const last = Math.max(...tags);
  for (const element of elements(view, range.at, range.end, syntax)) {
    if (element.tag > last) return { found, complete: true };
    if (!tags.has(element.tag) || element.length === UNDEFINED) continue;
    found.set(element.tag, value(view, element));
  }
  return { found, complete: found.has(last) };
}
