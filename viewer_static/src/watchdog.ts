/** Watches an attempt for silence: says so after 3 s, ends it after the limit. A stall limit, never a deadline. */
import type { Clock } from './clock.ts';

export const QUIET_MS = 3_000;

export class Watchdog {
  private last: number;
  private cancel: () => void;
  private quiet = false;

  constructor(
    private readonly clock: Clock,
    /** Read again at each ring: it grows while the server says that it is holding the request. */
    private readonly limitMs: () => number,
    private readonly onQuiet: (quiet: boolean) => void,
    private readonly onLimit: () => void,
  ) {
    this.last = clock.now();
    this.cancel = clock.after(QUIET_MS, () => this.ring());
  }

  /** A sign of life. */
  kick(): void {
    this.last = this.clock.now();
    if (!this.quiet) return;
    this.quiet = false;
    this.onQuiet(false);
  }

  stop(): void {
    this.cancel();
    if (this.quiet) this.onQuiet(false);
    this.quiet = false;
  }

  private ring(): void {
    const silent = this.clock.now() - this.last;
    if (silent >= this.limitMs()) {
      this.onLimit();
      return;
    }
    if (silent >= QUIET_MS && !this.quiet) {
      this.quiet = true;
      this.onQuiet(true);
    }
    const next = this.quiet ? Math.min(1_000, this.limitMs() - silent) : QUIET_MS - silent;
    this.cancel = this.clock.after(Math.max(1, next), () => this.ring());
  }
}
