/** A disc's table of contents: who and what is on it, to preview and to cross-check; never the only list. */
import { decoded } from './charset.ts';
import { begin, elements, items, type Start, type Values, values, viewOf } from './header.ts';

export interface DiscStudy {
  readonly description: string;
  readonly date: string;
  images: number;
}

export interface DiscPatient {
  readonly name: string;
  readonly id: string;
  readonly studies: DiscStudy[];
}

export interface Disc {
  readonly patients: readonly DiscPatient[];
  /** Relative to the disc's root, with slashes, as the table writes them. */
  readonly files: readonly string[];
}

interface Entry {
  readonly next: number;
  readonly lower: number;
  readonly type: string;
  readonly found: Values;
}

const FIRST = 0x00041200;
const RECORDS = 0x00041220;
const NEXT = 0x00041400;
const LOWER = 0x00041420;
const TYPE = 0x00041430;
const FILE = 0x00041500;
const CHARSET = 0x00080005;
const STUDY_DATE = 0x00080020;
const DESCRIPTION = 0x00081030;
const NAME = 0x00100010;
const ID = 0x00100020;
const TAGS = new Set([NEXT, LOWER, TYPE, FILE, CHARSET, STUDY_DATE, DESCRIPTION, NAME, ID]);
/** Records read in one go; then others may have their turn. */
const STEP = 200;
const MOST = 200_000;

/** Null where the table cannot be read; its images are then sent like any others. */
export async function discOf(
  bytes: Uint8Array,
  breathe: () => Promise<void>,
): Promise<Disc | null> {
  const view = viewOf(bytes);
  const start = begin(view);
  if (start === null) return null;
  const entries = new Map<number, Entry>();
  const { found, table } = outline(view, start);
  if (table === null) return null;
  for (const { at, ...range } of items(view, table, start.syntax)) {
    const record = values(view, { at: range.start, end: range.end }, start.syntax, TAGS);
    entries.set(at, entryOf(record.found, start.syntax.little));
    if (entries.size % STEP === 0) await breathe();
    if (entries.size >= MOST) break;
  }
  return told(ordered(entries, offset(found.get(FIRST), start.syntax.little)));
}

function outline(view: DataView, { at, syntax }: Start) {
  const { found } = values(view, { at, end: view.byteLength }, syntax, new Set([FIRST]));
  for (const element of elements(view, at, view.byteLength, syntax))
    if (element.tag === RECORDS) return { found, table: element };
  return { found, table: null };
}

function offset(bytes: Uint8Array | undefined, little: boolean): number {
  return bytes === undefined || bytes.length < 4 ? 0 : viewOf(bytes).getUint32(0, little);
}

function entryOf(found: Values, little: boolean): Entry {
  return {
    next: offset(found.get(NEXT), little),
    lower: offset(found.get(LOWER), little),
    type: decoded(found.get(TYPE), ''),
    found,
  };
}

/** As the links say, each entry once; as they lie in the file when the links lead nowhere. */
function ordered(entries: ReadonlyMap<number, Entry>, first: number): Entry[] {
  const seen = new Set<Entry>();
  const open = [first];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const entry = entries.get(at);
    if (entry === undefined || seen.has(entry)) continue;
    seen.add(entry);
    open.push(entry.next, entry.lower);
  }
  return seen.size === entries.size ? [...seen] : [...entries.values()];
}

function told(entries: readonly Entry[]): Disc {
  const patients: DiscPatient[] = [];
  const files: string[] = [];
  let charset = '';
  for (const { type, found } of entries) {
    charset = decoded(found.get(CHARSET), '') || charset;
    const text = (tag: number) => decoded(found.get(tag), charset);
    const patient = patients.at(-1);
    if (type === 'PATIENT') patients.push({ name: text(NAME), id: text(ID), studies: [] });
    if (type === 'STUDY')
      patient?.studies.push({ description: text(DESCRIPTION), date: text(STUDY_DATE), images: 0 });
    const file = text(FILE).replaceAll('\\', '/');
    if (file !== '') files.push(file);
    counted(patient, file);
  }
  return { patients, files };
}

function counted(patient: DiscPatient | undefined, file: string): void {
  const study = patient?.studies.at(-1);
  if (study !== undefined && file !== '') study.images += 1;
}

/** Discs differ from their tables in case, in a version suffix and in a trailing dot (PS3.12 F). */
const plain = (path: string): string => path.toLowerCase().replace(/;\d+$/, '').replace(/\.$/, '');

/** What the table lists below `root` ('' or 'DISC/') and the disc does not hold. */
export function missing(disc: Disc, root: string, paths: Iterable<string>): string[] {
  const there = new Set<string>();
  for (const path of paths) there.add(plain(path));
  return disc.files.filter((file) => !there.has(plain(root + file)));
}
