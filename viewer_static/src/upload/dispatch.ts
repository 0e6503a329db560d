/** Who sends what when: single files, and small ones together, so many requests at a time. */
import type { Clock } from '../clock.ts';
import type { Batch } from './batch.ts';
import { Delivery, type Observer, type Parcel, type Post, terminate } from './delivery.ts';
import type { Item } from './item.ts';
import { Lanes } from './lanes.ts';
import { type Loaded, MOST_FILES, room, sendTogether } from './pack.ts';
import { Trouble, troubleOf } from './trouble.ts';

export interface DispatchDeps {
  readonly clock: Clock;
  readonly post: () => Post;
  readonly parallel: () => number;
  readonly settle: (batch: Batch) => void;
}

interface Load extends Loaded {
  readonly item: Item;
  readonly quit: AbortController;
}

export class Dispatch {
  private readonly lanes: Lanes;
  /** What went wrong with others goes without them. */
  private readonly alone = new WeakSet<Item>();

  constructor(private readonly deps: DispatchDeps) {
    this.lanes = new Lanes(deps.parallel);
  }

  /** How many may be under way has changed. */
  pump(): void {
    this.lanes.pump();
  }

  add(batch: Batch, item: Item): void {
    this.lanes.add(() => this.next(batch, item));
  }

  /** An item that went along with another one is no longer waiting at its own turn. */
  private async next(batch: Batch, item: Item): Promise<void> {
    if (item.state !== 'waiting' || item.file === null || batch.id === null) return;
    const together = this.together(batch, item);
    if (together.length > 1) await this.packed(batch, together);
    else await this.deliver(batch, item);
  }

  /** The item and the small ones behind it that fit one request. */
  private together(batch: Batch, first: Item): Item[] {
    const { chunkBytes, meter } = this.deps.post();
    const most = room(meter.rate(this.deps.clock.now()), chunkBytes);
    const chosen = [first];
    let size = first.size;
    for (let at = batch.items.indexOf(first) + 1; at < batch.items.length; at++) {
      const item = batch.items[at] as Item;
      if (!this.fits(first) || chosen.length === MOST_FILES || size + item.size > most) break;
      if (!this.fits(item) || item.state !== 'waiting') continue;
      chosen.push(item);
      size += item.size;
    }
    return chosen;
  }

  private load(batch: Batch, item: Item): Load {
    const { clock } = this.deps;
    const { path, fingerprint, plain, target, beginning } = item;
    const file = item.file as Blob;
    const own: Parcel = {
      ...{ file, path, fingerprint, plain, target, beginning },
      ...{ batch: batch.id ?? '', batchKey: batch.key },
    };
    const observer: Observer = {
      step: (step) => item.stepped(step, clock.now()),
      sent: (bytes) => item.moved(bytes, clock.now()),
      named: (id) => batch.named(item, id),
    };
    item.quit = new AbortController();
    return { item, parcel: own, observer, quit: item.quit };
  }

  private async packed(batch: Batch, items: readonly Item[]): Promise<void> {
    const post = this.deps.post();
    const loads = items.map((item) => this.load(batch, item));
    // No other lane takes them now.
    for (const item of items) item.become('checking', this.deps.clock.now());
    const quit = new AbortController();
    const deserted = () => loads.every((load) => load.quit.signal.aborted);
    for (const load of loads)
      load.quit.signal.addEventListener('abort', () => deserted() && quit.abort());
    await post.gate?.passed(quit.signal);
    const { whole, again } = await sendTogether(loads, post, quit.signal);
    for (const load of loads) if (whole.has(load)) this.arrived(batch, load, post);
    const left = loads.filter((load) => !whole.has(load)).map(({ item }) => item);
    await this.oneByOne(batch, left, again);
  }

  /** The first one waits for the line, or is told what is wrong; then the others. */
  private async oneByOne(batch: Batch, items: readonly Item[], again: boolean): Promise<void> {
    for (const item of items) {
      if (item.here) item.become('waiting', this.deps.clock.now());
      if (!again || item === items[0]) this.alone.add(item);
    }
    for (const item of items) await this.next(batch, item);
  }

  private arrived(batch: Batch, { item }: Load, post: Post): void {
    // Somebody cancelled it while it was under way with the others.
    if (item.state === 'cancelled' && item.id !== null)
      void terminate(item.id, post.gate?.headers).catch(() => undefined);
    this.over(batch, item);
  }

  private async deliver(batch: Batch, item: Item): Promise<void> {
    const { parcel, observer, quit } = this.load(batch, item);
    const gone = () => quit.signal.aborted;
    try {
      await new Delivery(parcel, this.deps.post(), observer).run(quit.signal);
      return this.over(batch, item);
    } catch (thrown) {
      if (item.here && !gone()) {
        const trouble = thrown instanceof Trouble ? thrown : troubleOf(thrown);
        item.become('refused', this.deps.clock.now(), trouble.detail, trouble.code);
      }
    }
    return this.end(batch, item);
  }

  private over(batch: Batch, item: Item): void {
    const now = this.deps.clock.now();
    item.moved(item.size, now);
    if (item.here) item.become('sent', now);
    this.end(batch, item);
  }

  private end(batch: Batch, item: Item): void {
    item.quit = null;
    this.deps.settle(batch);
  }

  /** A TIFF says whose it is on the way of a single file. */
  private fits(item: Item): boolean {
    const { kind, target, file, size } = item;
    return (
      kind === 'dicom' && target === null && file !== null && size > 0 && !this.alone.has(item)
    );
  }
}
