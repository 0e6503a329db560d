/** The first picture's bytes, on their way while the picture engine is still starting. */
import { displayPath, type Instance } from './api.ts';
import type { Wanted } from './device/vault.ts';
import type { Waiting, Watch } from './persist.ts';
import type { Proven } from './proven.ts';
import type { Transport } from './transport.ts';

/** One instance, for whoever asks for it first. */
export class Ahead {
  private readonly giveUp = new AbortController();
  private readonly coming: Promise<Proven>;
  private last: Waiting | null = null;
  private listener: Watch | null = null;
  private taken = false;

  constructor(
    transport: Transport,
    private readonly instance: Instance & Wanted,
  ) {
    this.coming = transport.instance(displayPath(instance.id), instance, {
      signal: this.giveUp.signal,
      waiting: (waiting) => {
        this.last = waiting;
        this.listener?.waiting?.(waiting);
      },
      received: (bytes, total) => this.listener?.received?.(bytes, total),
    });
    // Whether it failed is met by whoever takes it.
    this.coming.catch(() => undefined);
  }

  /** The load, which from now on is the caller's, told to the caller's watch and ended by it; null for others. */
  take(id: string, watch: Watch): Promise<Proven> | null {
    if (this.taken || id !== this.instance.id) return null;
    this.taken = true;
    this.listener = watch;
    if (this.last !== null) watch.waiting?.(this.last);
    if (watch.signal.aborted) this.close();
    else watch.signal.addEventListener('abort', () => this.close(), { once: true });
    return this.coming;
  }

  /** Ends the load; nobody waits for it any more. */
  close(): void {
    this.giveUp.abort();
  }
}
