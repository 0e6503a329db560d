/** Looks into each file before anything leaves: what it is, whose it is, and what a disc says it holds. */
import { personName } from '../text.ts';
import type { ReadingQueue } from './chunks.ts';
import { type Disc, discOf, missing } from './dicomdir.ts';
import { ISO_AT, isIso, type Kind, recognised, SENT, whySkipped } from './kinds.ts';
import type { Identity } from './ledger.ts';
import { digestOf, hex } from './sha256.ts';
import { type Summary, squeezable, summary } from './summary.ts';

export interface Picked {
  readonly file: File;
  readonly path: string;
  /** The medium did not give it; a folder's path ends with a slash. */
  readonly isUnread?: boolean;
}

export interface Found extends Picked {
  readonly kind: Kind;
  /** Why it stays here; empty for what is sent. */
  readonly skipped: string;
  readonly summary: Summary;
  readonly fingerprint: string;
  /** Tells the same file when it is chosen again; empty where it could not be read. */
  readonly proof: string;
  /** Asked of the file once: browsers look it up on the medium each time. */
  readonly size: number;
}

export interface FoundDisc {
  readonly disc: Disc;
  readonly missing: readonly string[];
}

export interface Surveyed {
  readonly found: readonly Found[];
  readonly discs: readonly FoundDisc[];
}

export interface Eyes {
  readonly reading: ReadingQueue;
  /** Lets the page do something else. */
  readonly breathe: () => Promise<void>;
  readonly told: (seen: number) => void;
  readonly fingerprint: (identity: Identity) => string;
  readonly signal: AbortSignal;
}

const HEAD = 4_096;
const LONG_HEAD = 65_536;
const MOST_DIRECTORY = 64_000_000;
const NOTHING = summary(new Uint8Array());

async function kindOf(file: File, head: Uint8Array, seen: Summary, eyes: Eyes): Promise<Kind> {
  const kind = recognised(head, seen.sopClass);
  // Whole heads only: shorter files end before the mark.
  if (kind !== 'other' || head.length < HEAD) return kind;
  return isIso(await eyes.reading.read(file, ISO_AT, ISO_AT + 5)) ? 'iso' : kind;
}

const unreadable = (path: string): string =>
  `the ${path.endsWith('/') ? 'folder' : 'file'} cannot be read from its medium`;

async function looked({ file, path, isUnread }: Picked, eyes: Eyes): Promise<Found> {
  const { size, lastModified: modified } = file;
  const known = { file, path, size, fingerprint: eyes.fingerprint({ path, size, modified }) };
  const lost = { ...known, kind: 'other', proof: '', summary: NOTHING } as const;
  if (isUnread) return { ...lost, skipped: unreadable(path) };
  try {
    const head = await eyes.reading.read(file, 0, HEAD);
    let seen = summary(head);
    const kind = await kindOf(file, head, seen, eyes);
    if (kind === 'dicom' && !seen.complete && size > HEAD)
      seen = summary(await eyes.reading.read(file, 0, LONG_HEAD));
    const skipped = SENT.has(kind) ? '' : whySkipped(kind, head);
    const proof = `${size} ${modified} ${hex(await digestOf(head))}`;
    return { ...known, kind, skipped, proof, summary: kind === 'dicom' ? seen : NOTHING };
  } catch {
    return { ...lost, skipped: unreadable(path) };
  }
}

async function discAt(directory: Found, found: readonly Found[], eyes: Eyes) {
  if (directory.size > MOST_DIRECTORY) return null;
  const bytes = await eyes.reading.read(directory.file, 0, directory.size);
  const disc = await discOf(bytes, eyes.breathe).catch(() => null);
  if (disc === null || disc.files.length === 0) return null;
  const root = directory.path.slice(0, directory.path.lastIndexOf('/') + 1);
  const paths = found.map(({ path }) => path);
  return { disc, missing: missing(disc, root, paths) };
}

export async function survey(picks: readonly Picked[], eyes: Eyes): Promise<Surveyed> {
  const found: Found[] = [];
  for (const pick of picks) {
    eyes.signal.throwIfAborted();
    found.push(await looked(pick, eyes));
    eyes.told(found.length);
  }
  const discs: FoundDisc[] = [];
  for (const directory of found.filter(({ kind }) => kind === 'dicomdir')) {
    const disc = await discAt(directory, found, eyes);
    if (disc !== null) discs.push(disc);
  }
  return { found, discs };
}

export interface Patient {
  readonly key: string;
  readonly name: string;
  readonly id: string;
  readonly birthDate: string;
  readonly studies: number;
  readonly files: number;
}

/** Two writings of one name are one patient; two names under one number are not. */
export function patientKey({ patientName, patientId }: Summary): string {
  const plain = (text: string) =>
    text
      .toUpperCase()
      .replace(/[\s^]+/g, ' ')
      .trim();
  return `${plain(patientId)}\n${plain(patientName)}`;
}

/** Files that name nobody (TIFF, archives) belong to no patient here. */
const anonymous = ({ kind, summary: { patientName, patientId } }: Found): boolean =>
  kind !== 'dicom' || (patientName === '' && patientId === '');

export const belongsTo = (found: Found): string | null =>
  anonymous(found) ? null : patientKey(found.summary);

export function patients(found: readonly Found[]): Patient[] {
  const groups = new Map<string, Found[]>();
  for (const one of found) {
    const key = one.skipped === '' ? belongsTo(one) : null;
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups].map(([key, files]) => {
    const { patientName, patientId, birthDate } = files[0]?.summary ?? NOTHING;
    const studies = new Set(files.map(({ summary }) => summary.studyUid)).size;
    const name = personName(patientName).main;
    return { key, name, id: patientId, birthDate, studies, files: files.length };
  });
}

export const plain = ({ kind, summary }: Found): boolean => kind === 'dicom' && squeezable(summary);
