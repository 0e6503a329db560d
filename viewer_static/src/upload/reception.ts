/** What was dropped, looked at and asked about, before anything leaves this computer. */

import type { Clock } from '../clock.ts';
import { grouped, plural } from '../text.ts';
import type { Batch } from './batch.ts';
import type { ReadingQueue } from './chunks.ts';
import { Item } from './item.ts';
import type { Identity, Ledger } from './ledger.ts';
import {
  belongsTo,
  type Found,
  type FoundDisc,
  type Patient,
  type Picked,
  patients,
  plain,
  survey,
} from './survey.ts';

/** Questions only a person can answer; null is "not at all". */
export interface Asker {
  patients(batch: Batch, found: readonly Patient[]): Promise<ReadonlySet<string> | null>;
  target(batch: Batch, tiffs: readonly Found[]): Promise<string | null>;
}

export interface ReceptionDeps {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly asker: Asker;
  readonly reading: ReadingQueue;
  readonly breathe: () => Promise<void>;
}

const MOST_NAMED = 5;

export class Reception {
  constructor(private readonly deps: ReceptionDeps) {}

  async survey(
    batch: Batch,
    picks: readonly Picked[],
    signal: AbortSignal,
  ): Promise<readonly Found[]> {
    const { reading, breathe, ledger } = this.deps;
    const told = (seen: number) => {
      batch.seen = seen;
    };
    const fingerprint = (identity: Identity) => ledger.fingerprint(identity);
    const eyes = { reading, breathe, told, signal, fingerprint };
    const { found, discs } = await survey(picks, eyes);
    if (discs.length > 0) batch.source = 'usb';
    for (const disc of discs) crossCheck(batch, disc);
    return found;
  }

  item(found: Found): Item {
    const { path, file, size, kind, skipped, fingerprint, proof } = found;
    const item = new Item({ path, size, kind, plain: plain(found), fingerprint });
    item.file = file;
    item.proof = proof;
    item.become(skipped === '' ? 'waiting' : 'skipped', this.deps.clock.now(), skipped);
    return item;
  }

  /** False: nothing of it is to be sent. The items are those of the found, in the same order. */
  async asked(batch: Batch, found: readonly Found[]): Promise<boolean> {
    if (!(await this.askedPatients(batch, found))) return false;
    await this.askedTarget(batch, found);
    return true;
  }

  private async askedPatients(batch: Batch, found: readonly Found[]): Promise<boolean> {
    const all = patients(found);
    if (all.length < 2) return true;
    const chosen = await this.deps.asker.patients(batch, all);
    if (chosen === null) return false;
    const unwanted = (one: Found) => {
      const patient = belongsTo(one);
      return patient !== null && !chosen.has(patient);
    };
    this.leaveOut(batch, found, unwanted, 'another patient, not chosen');
    return true;
  }

  private async askedTarget(batch: Batch, found: readonly Found[]): Promise<void> {
    const tiffs = found.filter(({ kind }) => kind === 'tiff');
    if (tiffs.length === 0) return;
    const target = await this.deps.asker.target(batch, tiffs);
    const isTiff = ({ kind }: Found) => kind === 'tiff';
    if (target === null) this.leaveOut(batch, found, isTiff, 'no study was chosen for it');
    for (const item of batch.items) if (item.kind === 'tiff') item.target = target;
  }

  private leaveOut(
    batch: Batch,
    found: readonly Found[],
    unwanted: (one: Found) => boolean,
    why: string,
  ): void {
    const now = this.deps.clock.now();
    for (const [index, one] of found.entries())
      if (one.skipped === '' && unwanted(one)) batch.items[index]?.become('skipped', now, why);
  }
}

function crossCheck(batch: Batch, { disc, missing }: FoundDisc): void {
  const listed = disc.files.length;
  const words = `The disc lists ${plural(listed, 'image')}`;
  const text = `${words}, ${found(listed, missing)}`;
  // Some media carry the same table several times.
  if (batch.notes.some((note) => note.text === text)) return;
  batch.notes.push({ text, good: missing.length === 0 });
}

function found(listed: number, missing: readonly string[]): string {
  if (missing.length === 0) return 'all found.';
  if (missing.length === listed)
    return 'none of them is here: choose the whole disc or its folder.';
  const names = missing.slice(0, MOST_NAMED).join(', ');
  const more = missing.length > MOST_NAMED ? ' …' : '';
  return `${grouped(listed - missing.length)} found. Missing: ${names}${more}`;
}
