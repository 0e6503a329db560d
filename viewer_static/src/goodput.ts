/** What the link really carries: bytes over the time in which any came, by the browser's own network clock. */

/** Of a resource's timing, what is looked at; times in ms. */
export interface Arrival {
  readonly responseStart: number;
  readonly responseEnd: number;
  readonly encodedBodySize: number;
  /** 0 for what came out of a cache. */
  readonly transferSize: number;
}

/** Of a smaller body the way there and back counts, not the width of the link. */
const LEAST_BYTES = 32 * 1024;
/** Less in all tells nothing. */
const ENOUGH_BYTES = 256 * 1024;
/** The newest stretch counts as much as all before it. */
const WEIGHT = 0.5;
/** So much tells a link that is slow indeed: the page's own script. */
const HINT_BYTES = 48 * 1024;
/** What a busy machine may hold up by itself. */
const SLACK_MS = 100;
/** A sixth of a second for 500 kB. */
const SLOW_BYTES_PER_SECOND = 3e6;
/** Only above this is a slow link fine again: small bodies make it look wider than it is. */
const FINE_BYTES_PER_SECOND = 8e6;
/** 8 Mbit/s. */
const NARROW_BYTES_PER_SECOND = 1e6;
const TELLING_BYTES = 64 * 1024;
const KEPT = 'link';

type Memory = Pick<Storage, 'getItem' | 'setItem'>;

export class Goodput {
  /** Null until enough has come. */
  bytesPerSecond: number | null = null;
  private bytes = 0;
  private busyMs = 0;
  /** Until when the link's time has been counted: bodies side by side share it. */
  private until = 0;
  /** Of this link when the page was last open; one digit, and nothing else is kept. */
  private before: number | null;
  private wasSlow = false;

  constructor(private readonly memory: Memory | null = null) {
    const kept = Number(memory?.getItem(KEPT) ?? Number.NaN);
    this.before = kept > 0 ? kept : null;
  }

  /** The best guess before enough has come; a busy machine makes any hint look slow. */
  get expected(): number | null {
    return this.bytesPerSecond ?? this.before ?? this.hint;
  }

  get isSlow(): boolean {
    return this.isBelow(this.wasSlow ? FINE_BYTES_PER_SECOND : SLOW_BYTES_PER_SECOND);
  }

  get isNarrow(): boolean {
    return this.isBelow(NARROW_BYTES_PER_SECOND);
  }

  /** Whether a file of this size takes longer on the link than making it smaller does. */
  isSlowFor(bytes: number): boolean {
    return bytes >= TELLING_BYTES && this.isSlow;
  }

  private isBelow(rate: number): boolean {
    return (this.expected ?? Number.POSITIVE_INFINITY) <= rate;
  }

  private get hint(): number | null {
    if (this.bytes < HINT_BYTES) return null;
    return (1_000 * this.bytes) / Math.max(1, this.busyMs - SLACK_MS);
  }

  heard(arrivals: readonly Arrival[]): void {
    const inOrder = arrivals
      .filter(
        ({ encodedBodySize, transferSize }) => encodedBodySize >= LEAST_BYTES && transferSize > 0,
      )
      .sort((one, other) => one.responseStart - other.responseStart);
    for (const { responseStart, responseEnd, encodedBodySize } of inOrder) {
      this.busyMs += Math.max(0, responseEnd - Math.max(responseStart, this.until));
      this.until = Math.max(this.until, responseEnd);
      this.bytes += encodedBodySize;
    }
    if (this.bytes >= ENOUGH_BYTES) this.settle();
  }

  private settle(): void {
    // The mean of times, not of rates: a link that turned slow counts at once.
    const time = Math.max(1, this.busyMs) / (1_000 * this.bytes);
    const before = this.bytesPerSecond === null ? time : 1 / this.bytesPerSecond;
    this.bytesPerSecond = 1 / (before + WEIGHT * (time - before));
    this.wasSlow = this.isSlow;
    this.bytes = 0;
    this.busyMs = 0;
    this.remember(Number(this.bytesPerSecond.toPrecision(1)));
  }

  private remember(rate: number): void {
    if (rate === this.before) return;
    this.before = rate;
    this.memory?.setItem(KEPT, String(rate));
  }
}
