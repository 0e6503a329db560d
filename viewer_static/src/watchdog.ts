/** Two watches over a load: one says when nothing has come for a while, one ends an attempt that is stuck. */
import type { Clock } from './clock.ts';

export const QUIET_MS = 3_000;

/** Over all attempts of one load: tells once when 3 s brought no byte, and once when one came. */
export class Silence {
  private quiet = false;
  private last: number;
  private cancel: (() => void) | null;

  constructor(
    private readonly clock: Clock,
    private readonly told: (quiet: boolean) => void,
  ) {
    this.last = clock.now();
    this.cancel = this.armed(QUIET_MS);
  }

  /** A byte came. They come by the thousand: the timer is set anew only when it rings. */
  broken(): void {
    this.last = this.clock.now();
    this.cancel ??= this.armed(QUIET_MS);
    this.become(false);
  }

  /** Nothing will come for now, and why is known: no need to wait the 3 s. */
  known(): void {
    this.halt();
    this.become(true);
  }

  /** Nothing is asked for now. */
  rest(): void {
    this.halt();
    this.become(false);
  }

  stop(): void {
    this.rest();
  }

  private halt(): void {
    this.cancel?.();
    this.cancel = null;
  }

  private armed(ms: number): () => void {
    return this.clock.after(ms, () => this.ring());
  }

  private ring(): void {
    const left = QUIET_MS - (this.clock.now() - this.last);
    this.cancel = left > 0 ? this.armed(left) : null;
    if (left <= 0) this.become(true);
  }

  private become(quiet: boolean): void {
    if (quiet === this.quiet) return;
    this.quiet = quiet;
    this.told(quiet);
  }
}

/** Ends an attempt after the limit without a sign of life. A stall limit, never a deadline. */
export class Watchdog {
  private last: number;
  private cancel: () => void;

  constructor(
    private readonly clock: Clock,
    /** Read again at each ring: it grows while the server says that it is holding the request. */
    private readonly limitMs: () => number,
    private readonly onLimit: () => void,
  ) {
    this.last = clock.now();
    this.cancel = this.armed(limitMs());
  }

  /** A sign of life. */
  kick(): void {
    this.last = this.clock.now();
  }

  stop(): void {
    this.cancel();
  }

  private armed(ms: number): () => void {
    return this.clock.after(Math.max(1, ms), () => this.ring());
  }

  private ring(): void {
    const left = this.limitMs() - (this.clock.now() - this.last);
    if (left <= 0) this.onLimit();
    else this.cancel = this.armed(left);
  }
}
