/** What the link really carries, while files come in: bytes over the time in which any was under way. */
import type { Clock } from './clock.ts';

/** Less of both tells nothing. */
const LEAST_BYTES = 256 * 1024;
const LEAST_MS = 20;
/** The newest stretch counts as much as all before it. */
const WEIGHT = 0.5;

export class Goodput {
  /** Null until enough has come. */
  bytesPerSecond: number | null = null;
  private underWay = 0;
  private since = 0;
  private bytes = 0;
  private busyMs = 0;

  constructor(private readonly clock: Clock) {}

  /** The first byte of a file is here; call the answer when no more will come. */
  began(): () => void {
    if (this.underWay === 0) this.since = this.clock.now();
    this.underWay += 1;
    return () => {
      this.settle();
      this.underWay -= 1;
    };
  }

  came(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes >= LEAST_BYTES) this.settle();
  }

  private settle(): void {
    const now = this.clock.now();
    this.busyMs += now - this.since;
    this.since = now;
    if (this.bytes < LEAST_BYTES || this.busyMs < LEAST_MS) return;
    const rate = (1_000 * this.bytes) / this.busyMs;
    const before = this.bytesPerSecond ?? rate;
    this.bytesPerSecond = before + WEIGHT * (rate - before);
    this.bytes = 0;
    this.busyMs = 0;
  }
}
