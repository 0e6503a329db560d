/** A lookup table for display (VOI LUT, PS3.3 C.11.2.1.1). Pure. */

type Raw = Readonly<Record<string, unknown>>;

export interface Table {
  /** What the maker calls it; may be empty. */
  readonly name: string;
  /** The first value it maps; smaller ones are drawn as this one. */
  readonly first: number;
  readonly length: number;
  /** Black 0 to white 1 of each value from `first` on. */
  shades(): Float32Array;
}

/** The window that a table spans: width and centre. */
export const rangeOf = ({ first, length }: Table): [number, number] => [length, first + length / 2];

const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const WHOLE = 1 << 16;
/** A first value is written in 16 bits, of which no one says whether they have a sign. */
const SIGNED = 1 << 15;

const item = (value: unknown): Raw | null => {
  const [first] = [value].flat();
  return first instanceof Object ? (first as Raw) : null;
};

export function hasWindow(raw: Raw): boolean {
  return Number([raw.WindowWidth].flat()[0]) > 0;
}

export const hasTable = (raw: Raw): boolean => item(raw.VOILUTSequence) !== null;

/** What an image is drawn by unasked: null where there is none, or a window takes its place. */
export const tableOf = (raw: Raw): Table | null => (hasWindow(raw) ? null : anyTableOf(raw));

/** Null where there is none, or it cannot be read. */
export function anyTableOf(raw: Raw): Table | null {
  const table = item(raw.VOILUTSequence);
  if (table === null || raw.TransferSyntaxUID === BIG_ENDIAN) return null;
  const [count, first, bits] = [table.LUTDescriptor].flat().map(Number);
  if (count === undefined || first === undefined || !(Number(bits) >= 1)) return null;
  const length = count || WHOLE;
  const entries = entriesOf(table.LUTData, length);
  if (entries === null || !Number.isFinite(first)) return null;
  const name = String(table.LUTExplanation ?? '').trim();
  const start = first >= SIGNED ? first - WHOLE : first;
  return { name, first: start, length, shades: () => shaded(entries, Number(bits)) };
}

/** Words, or bytes where they are as many as there are entries (8 bits each). */
function entriesOf(data: unknown, length: number): ArrayLike<number> | null {
  const flat = [data].flat();
  if (length < 2) return null;
  if (typeof flat[0] === 'number')
    return flat.length >= length ? flat.slice(0, length).map(Number) : null;
  const [bytes] = flat.map(bytesOf);
  if (bytes === null || bytes === undefined || bytes.length < length) return null;
  if (bytes.length < 2 * length) return bytes.slice(0, length);
  return new Uint16Array(bytes.slice(0, 2 * length).buffer);
}

function bytesOf(value: unknown): Uint8Array | null {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (!ArrayBuffer.isView(value)) return null;
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** By the bits that the table says its entries have; some have more than they say. */
function shaded(entries: ArrayLike<number>, bits: number): Float32Array {
  let white = 2 ** bits - 1;
  for (let at = 0; at < entries.length; at++)
    if ((entries[at] as number) > white) white = WHOLE - 1;
  return Float32Array.from(entries, (entry) => entry / white);
}
