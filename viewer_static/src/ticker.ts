/** Asks now and then whether the list would look different: a number that moves says so. */
import { type News, newsPath } from './api.ts';
import type { Clock } from './clock.ts';
import type { Transport } from './transport.ts';

const NEWS_MS = 5_000;
const ANSWER_MS = 4_000;

export class Ticker {
  private cancel: (() => void) | null = null;

  constructor(
    private readonly transport: Pick<Transport, 'glance'>,
    private readonly clock: Clock,
    /** The number of the list on screen; null while nobody looks at one. */
    private readonly since: () => number | null,
    private readonly moved: () => void,
  ) {}

  start(): void {
    this.stop();
    this.cancel = this.clock.after(NEWS_MS, () => void this.ask());
  }

  stop(): void {
    this.cancel?.();
    this.cancel = null;
  }

  private async ask(): Promise<void> {
    const { cancel } = this;
    try {
      const since = this.since();
      if (since !== null) {
        const { cursor } = (await this.transport.glance(newsPath(since), ANSWER_MS)) as News;
        if (cursor !== since && Number.isFinite(cursor)) this.moved();
      }
    } catch {
      // Whoever looks at the list is told by the list itself.
    }
    // Stopped, or started anew, while the answer came.
    if (cancel === this.cancel) this.start();
  }
}
