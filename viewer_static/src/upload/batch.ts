/** What was dropped together: its files, what the server says of them, and the sums people look at. */
import type {
  BatchHead,
  BatchNews,
  Outcome,
  RemoteResult,
  RemoteUpload,
  Source,
} from './answers.ts';
import { Item, type State } from './item.ts';

export type Stage = 'surveying' | 'asking' | 'opening' | 'running' | 'restored' | 'failed';

export interface Tally {
  readonly files: number;
  readonly bytes: number;
  readonly sent: number;
  readonly settled: number;
  readonly inArchive: number;
  readonly troubled: number;
  readonly by: Readonly<Partial<Record<State, number>>>;
}

/** A sentence about the whole: what a disc holds of its list, a failure to begin. */
export interface Note {
  readonly text: string;
  readonly good: boolean;
}

const undecided = ({ outcome, code }: RemoteResult): boolean =>
  outcome === 'conflict' && code !== 'replacing';

const TROUBLED_OUTCOMES: ReadonlySet<Outcome> = new Set(['conflict', 'refused']);

export class Batch {
  id: string | null = null;
  label: string | null = null;
  rev = 0;
  stage: Stage = 'surveying';
  /** While surveying: how many files have been looked at, of how many. */
  seen = 0;
  total = 0;
  /** What the server was told to expect; after a reload more than it has seen. */
  expected = 0;
  readonly notes: Note[] = [];
  readonly items: Item[] = [];
  /** Troubled results, with those inside archives. */
  readonly troubles = new Map<number, RemoteResult>();
  readonly studies = new Set<string>();
  /** Cancelled here, and the server has not said yet what it had stored already. */
  cancelling = false;
  /** That it is done has been said. */
  announced = false;
  private readonly byId = new Map<string, Item>();

  constructor(
    readonly key: string,
    public source: Source,
    public title: string,
    readonly began: number,
  ) {}

  opened({ id, label }: BatchHead): void {
    this.id = id;
    this.label = label;
    this.stage = 'running';
  }

  named(item: Item, id: string): void {
    item.id = id;
    this.byId.set(id, item);
  }

  /** A file of an earlier page, chosen again. */
  replace(old: Item, item: Item): void {
    this.items.splice(this.items.indexOf(old), 1, item);
    item.sent = old.sent;
    if (old.id !== null) this.named(item, old.id);
  }

  /** Every file is where it will stay, as far as this batch goes. */
  get done(): boolean {
    const running = this.stage === 'running' || this.stage === 'restored';
    if (this.cancelling) return false;
    return running && this.unbegun === 0 && this.items.every(({ settled }) => settled);
  }

  /** Files of which the server has not heard and this page has not got: after a reload only. */
  get unbegun(): number {
    if (this.stage !== 'restored') return 0;
    const known = this.items.filter(({ kind }) => kind !== 'other').length;
    return Math.max(0, this.expected - known);
  }

  get unfinished(): boolean {
    return this.unbegun > 0 || this.items.some(({ state }) => state === 'parted');
  }

  apply(news: BatchNews, now: number): void {
    this.rev = news.rev;
    this.label = news.label;
    if (news.source !== 'reference') this.source = news.source;
    const strangers = this.strangers(news);
    for (const upload of news.uploads) this.itemOf(upload, strangers, now).heard(upload, now);
    for (const result of news.results) this.result(result, now);
  }

  private itemOf(upload: RemoteUpload, strangers: Map<string, Item>, now: number): Item {
    const known = this.byId.get(upload.id) ?? strangers.get(`${upload.length} ${upload.name}`);
    const item = known ?? this.restored(upload, now);
    this.named(item, upload.id);
    return item;
  }

  /** Created, but the answer with their names has not come through yet: by size and path. */
  private strangers({ uploads }: BatchNews): Map<string, Item> {
    if (uploads.every(({ id }) => this.byId.has(id))) return new Map();
    const unnamed = this.items.filter(({ id }) => id === null).reverse();
    return new Map(unnamed.map((item) => [`${item.size} ${item.path}`, item]));
  }

  private restored(upload: RemoteUpload, now: number): Item {
    const facts = { path: upload.name, size: upload.length, fingerprint: '', plain: false };
    const item = new Item({ ...facts, kind: 'dicom' });
    item.become('parted', now);
    this.items.push(item);
    return item;
  }

  private result(result: RemoteResult, now: number): void {
    if (result.study !== null) this.studies.add(result.study);
    if (TROUBLED_OUTCOMES.has(result.outcome)) this.troubles.set(result.id, result);
    else this.troubles.delete(result.id);
    const item = this.byId.get(result.upload);
    if (item !== undefined && !item.here && result.member === '') item.ended(result, now);
  }

  /** The undecided conflict of a file or of an archive's member. */
  conflictOf(of: Item | RemoteResult | null): number | null {
    if (of === null) return null;
    if (!(of instanceof Item)) return undecided(of) ? of.id : null;
    const mine = (result: RemoteResult) => result.upload === of.id && result.member === '';
    const found = of.state === 'conflict' ? [...this.troubles.values()].find(mine) : undefined;
    return found !== undefined && undecided(found) ? found.id : null;
  }

  /** Something may still change on the server. */
  get moving(): boolean {
    const replacing = [...this.troubles.values()].some(({ code }) => code === 'replacing');
    return replacing || this.items.some((item) => !item.settled && item.state !== 'parted');
  }

  /** Skipped files do not count as files to send. */
  tally(): Tally {
    const by: Partial<Record<State, number>> = {};
    const sums = { files: 0, bytes: 0, sent: 0, settled: 0, troubled: 0 };
    for (const item of this.items) {
      by[item.state] = (by[item.state] ?? 0) + 1;
      if (item.troubled) sums.troubled += 1;
      if (item.state === 'skipped') continue;
      sums.files += 1;
      sums.bytes += item.size;
      sums.sent += Math.min(item.sent, item.size);
      if (item.settled) sums.settled += 1;
    }
    return { ...sums, inArchive: (by.stored ?? 0) + (by.duplicate ?? 0), by };
  }
}
