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

export class Goodput {
  /** Null until enough has come. */
  bytesPerSecond: number | null = null;
  private bytes = 0;
  private busyMs = 0;
  /** Until when the link's time has been counted: bodies side by side share it. */
  private until = 0;

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
    this.bytes = 0;
    this.busyMs = 0;
  }
}
