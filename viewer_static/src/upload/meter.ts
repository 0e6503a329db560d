/** How fast bytes leave this computer, over the last seconds. Pure. */

const WINDOW_MS = 8_000;
/** Before that a rate is a guess. */
const LEAST_MS = 1_500;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

export class Meter {
  private samples: Sample[] = [];
  private began = 0;

  add(bytes: number, now: number): void {
    this.forget(now);
    if (this.samples.length === 0) this.began = now;
    this.samples.push({ at: now, bytes });
  }

  /** Bytes a second; 0 while nothing is known. */
  rate(now: number): number {
    this.forget(now);
    const over = Math.min(WINDOW_MS, now - this.began);
    if (this.samples.length === 0 || over < LEAST_MS) return 0;
    return (this.samples.reduce((sum, { bytes }) => sum + bytes, 0) / over) * 1_000;
  }

  private forget(now: number): void {
    const old = this.samples.findIndex(({ at }) => now - at < WINDOW_MS);
    if (old !== 0) this.samples.splice(0, old < 0 ? this.samples.length : old);
  }
}
