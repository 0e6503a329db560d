/** What the server says of the batches: asked one after the other, for as long as anything moves. */
import { type Clock, pause } from '../clock.ts';
import { recognised } from '../errors.ts';
import type { Transport } from '../transport.ts';
import { batchNews } from './answers.ts';
import type { Batch } from './batch.ts';

const POLL_MS = 1_000;
const HIDDEN_POLL_MS = 5_000;

export interface TidingsDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly visible: () => boolean;
  /** Those of the desk; they come and go. */
  readonly batches: readonly Batch[];
  readonly signal: AbortSignal;
  /** Something about the batch has moved. */
  readonly settle: (batch: Batch) => void;
  readonly stored: () => void;
}

const inArchive = (batch: Batch): number => batch.studies.size + (batch.tally().by.stored ?? 0);

export class Tidings {
  private polling = false;

  constructor(private readonly deps: TidingsDeps) {}

  /** Never two questions at once. */
  async poll(): Promise<void> {
    if (this.polling) return;
    this.polling = true;
    const { clock, visible, signal } = this.deps;
    for (let moving = this.moving(); moving.length > 0; moving = this.moving()) {
      for (const batch of moving) await this.ask(batch);
      await pause(clock, visible() ? POLL_MS : HIDDEN_POLL_MS, signal);
    }
    this.polling = false;
  }

  /** False: the server does not know it. */
  async ask(batch: Batch): Promise<boolean> {
    const before = inArchive(batch);
    try {
      await this.heard(batch);
    } catch (thrown) {
      const gone = recognised(thrown).category === 'not-found';
      if (gone) this.forgotten(batch);
      return !gone;
    }
    if (inArchive(batch) !== before) this.deps.stored();
    this.deps.settle(batch);
    return true;
  }

  private async heard(batch: Batch): Promise<void> {
    const { transport, clock, signal } = this.deps;
    for (let more = true; more; ) {
      const news = await batchNews(transport, batch.id ?? '', batch.rev, { signal });
      batch.apply(news, clock.now());
      more = news.more === true;
    }
  }

  private moving(): Batch[] {
    return this.deps.batches.filter((batch) => batch.id !== null && batch.moving);
  }

  private forgotten(batch: Batch): void {
    const now = this.deps.clock.now();
    for (const item of batch.items) if (!item.settled) item.become('lost', now);
    this.deps.settle(batch);
  }
}
