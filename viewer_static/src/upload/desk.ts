/** The uploads of this page: from what was dropped to what the archive holds. */

import type { Clock } from '../clock.ts';
import { recognised, type ViewerError } from '../errors.ts';
import type { Transport } from '../transport.ts';
import {
  cancelBatch,
  createBatch,
  type Limits,
  limits as limitsOf,
  type Source,
} from './answers.ts';
import { Batch } from './batch.ts';
import { ReadingQueue } from './chunks.ts';
import { endpoint, type Post, terminate } from './delivery.ts';
import { Dispatch } from './dispatch.ts';
import { Gzip } from './gzip.ts';
import type { Item } from './item.ts';
import type { Ledger } from './ledger.ts';
import { Meter } from './meter.ts';
import { type Asker, Reception } from './reception.ts';
import { rejoin, waitingFor } from './rejoin.ts';
import { remedy } from './remedy.ts';
import type { Found, Picked } from './survey.ts';
import { Tidings } from './tidings.ts';
import { titleOf } from './words.ts';

export interface DeskDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly asker: Asker;
  readonly online: () => boolean;
  /** Somebody reads images on this page: they go first. */
  readonly reading: () => boolean;
  readonly visible: () => boolean;
  readonly breathe: () => Promise<void>;
  readonly uuid: () => string;
}

const BESIDE_READING = 2;
/** What the page's thread does in one go with so many files, it does between two frames. */
const PART = 500;

function* inParts<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += PART) yield all.slice(at, at + PART);
}

/** Fires `change` when batches come, go or move; `stored` with what arrived in the archive; `done`. */
export class Desk extends EventTarget {
  readonly batches: Batch[] = [];
  readonly meter = new Meter();
  private readonly gzip = new Gzip();
  private readonly wake = new EventTarget();
  private readonly reader = new ReadingQueue();
  private readonly dispatch: Dispatch;
  private readonly leaving = new AbortController();
  private readonly reception: Reception;
  private readonly tidings: Tidings;
  private limits: Limits | null = null;

  constructor(private readonly deps: DeskDeps) {
    super();
    this.dispatch = new Dispatch({
      clock: deps.clock,
      post: () => this.post(),
      parallel: () => this.parallel(),
      settle: (batch) => this.settle(batch),
    });
    this.reception = new Reception({ ...deps, reading: this.reader });
    this.tidings = new Tidings({
      transport: deps.transport,
      clock: deps.clock,
      visible: deps.visible,
      batches: this.batches,
      signal: this.leaving.signal,
      settle: (batch) => this.settle(batch),
      stored: () => this.dispatchEvent(new Event('stored')),
    });
  }

  get sending(): boolean {
    return this.batches.some(({ items }) => items.some((i) => i.here && i.state !== 'parted'));
  }

  /** Somebody is impatient, or the line is back. */
  tryNow(): void {
    this.wake.dispatchEvent(new Event('wake'));
  }

  /** Reading has begun or ended. */
  rebalance(): void {
    this.dispatch.pump();
  }

  /** Answers with the batch the files belong to: a new one, or an earlier one that waited for them. */
  async add(chosen: readonly Picked[], source: Source): Promise<Batch> {
    const picks = [...chosen].sort((one, other) => (one.path < other.path ? -1 : 1));
    const batch = new Batch(this.deps.uuid(), source, titleOf(picks), this.deps.clock.now());
    batch.total = picks.length;
    this.batches.unshift(batch);
    this.changed();
    let into = batch;
    try {
      into = await this.begin(batch, picks);
    } catch (thrown) {
      this.failed(batch, recognised(thrown));
    }
    this.changed();
    return into;
  }

  dismiss(batch: Batch): void {
    const at = this.batches.indexOf(batch);
    if (at >= 0) this.batches.splice(at, 1);
    if (batch.id !== null) this.deps.ledger.closed(batch.id);
    this.changed();
  }

  cancel(batch: Batch, item: Item): void {
    this.drop(item);
    const { gate } = this.deps.transport;
    if (item.id === null) this.settle(batch);
    else void this.told(batch, terminate(item.id, gate?.headers));
  }

  cancelAll(batch: Batch): void {
    for (const item of batch.items) if (item.stoppable) this.drop(item);
    batch.expected = 0;
    const { transport } = this.deps;
    if (batch.id === null) this.settle(batch);
    else void this.told(batch, cancelBatch(transport, batch.id, this.watch()));
  }

  /** Something about it was decided elsewhere. */
  async refresh(batch: Batch): Promise<void> {
    await this.tidings.ask(batch);
    void this.tidings.poll();
  }

  retry(batch: Batch, item: Item): void {
    if (remedy(item) !== 'retry') return;
    item.beginning += 1;
    item.sent = 0;
    this.send(batch, item);
    this.changed();
    void this.tidings.poll();
  }

  /** Batches this browser left unfinished before the page was loaded. */
  async restore(): Promise<void> {
    for (const [id, known] of this.deps.ledger.batches) {
      const batch = new Batch(known.key, 'files', 'Earlier upload', this.deps.clock.now());
      batch.opened({ id, label: null, rev: 0 });
      batch.expected = known.expected;
      batch.stage = 'restored';
      const there = await this.tidings.ask(batch);
      batch.title = titleOf(batch.items) || batch.title;
      if (there) this.batches.push(batch);
      else this.deps.ledger.closed(id);
    }
    this.changed();
    void this.tidings.poll();
  }

  private async begin(batch: Batch, picks: readonly Picked[]): Promise<Batch> {
    const { reception } = this;
    const found = await reception.survey(batch, picks, this.leaving.signal);
    const earlier = waitingFor(found, this.batches);
    if (earlier !== null) return this.rejoin(earlier, batch, found);
    for (const some of inParts(found)) {
      for (const one of some) batch.items.push(reception.item(one));
      await this.deps.breathe();
    }
    batch.stage = 'asking';
    this.changed();
    if (!(await reception.asked(batch, found))) {
      this.dismiss(batch);
      return batch;
    }
    await this.open(batch);
    await this.sendAll(batch);
    return batch;
  }

  private async open(batch: Batch): Promise<void> {
    const { transport, ledger } = this.deps;
    const expected = batch.items.filter(({ state }) => state === 'waiting').length;
    batch.stage = 'running';
    if (expected === 0) return;
    batch.stage = 'opening';
    this.changed();
    this.limits ??= await limitsOf(transport, this.watch());
    const { key, source } = batch;
    batch.opened(await createBatch(transport, { key, source, expected }, this.watch()));
    batch.expected = expected;
    if (batch.id !== null) ledger.opened(batch.id, { key, expected });
  }

  /** The same files again. */
  private async rejoin(batch: Batch, fresh: Batch, found: readonly Found[]): Promise<Batch> {
    this.batches.splice(this.batches.indexOf(fresh), 1);
    this.limits ??= await limitsOf(this.deps.transport, this.watch());
    batch.stage = 'running';
    rejoin(batch, found, (one) => this.reception.item(one), this.deps.ledger);
    this.changed();
    await this.sendAll(batch);
    return batch;
  }

  private async sendAll(batch: Batch): Promise<void> {
    for (const some of inParts([...batch.items])) {
      for (const item of some) if (item.state === 'waiting') this.send(batch, item);
      await this.deps.breathe();
    }
    void this.tidings.poll();
  }

  private send(batch: Batch, item: Item): void {
    item.become('waiting', this.deps.clock.now());
    batch.announced = false;
    this.dispatch.add(batch, item);
  }

  private post(): Post {
    const { clock, online, ledger, transport } = this.deps;
    return {
      gate: transport.gate,
      clock,
      online,
      ledger,
      wake: this.wake,
      reading: this.reader,
      meter: this.meter,
      endpoint: endpoint(),
      chunkBytes: this.limits?.chunk_bytes ?? 8_388_608,
      compress: this.gzip.pack,
      compressAbove: this.limits?.compress_above ?? Number.POSITIVE_INFINITY,
    };
  }

  /** What the server has is cancelled when the server says so: it may be stored already. */
  private drop(item: Item): void {
    if (item.here) item.become('cancelled', this.deps.clock.now());
    item.quit?.abort();
    this.deps.ledger.ended(item.fingerprint);
  }

  private parallel(): number {
    const most = this.limits?.parallel ?? 1;
    return this.deps.reading() ? Math.min(BESIDE_READING, most) : most;
  }

  private settle(batch: Batch): void {
    if (batch.done && !batch.announced) {
      batch.announced = true;
      if (batch.id !== null) this.deps.ledger.closed(batch.id);
      this.dispatchEvent(new CustomEvent('done', { detail: batch }));
    }
    this.changed();
  }

  private failed(batch: Batch, error: ViewerError): void {
    batch.stage = 'failed';
    batch.notes.push({ text: `${error.title}. ${error.message}`, good: false });
  }

  private watch() {
    return { signal: this.leaving.signal };
  }

  /** The list on the server is the truth: what was being stored already is not cancelled. */
  private async told(batch: Batch, change: Promise<void>): Promise<void> {
    batch.cancelling = true;
    this.changed();
    await change.catch(() => undefined);
    await this.tidings.ask(batch);
    batch.cancelling = false;
    this.settle(batch);
    void this.tidings.poll();
  }

  private changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
