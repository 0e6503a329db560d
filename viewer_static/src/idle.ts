/** Reading asks the server for nothing: this says now and then that somebody sits here, and warns before the end. */
import type { Clock } from './clock.ts';

export interface Seat {
  readonly clock: Clock;
  /** Tells the server that somebody is here. */
  readonly present: () => void;
  readonly warn: (ending: boolean) => void;
}

const LOOK_MS = 10_000;
const TELL_MS = 60_000;
const WARN_MS = 60_000;

export class Idle {
  private acted: number;
  private told: number;
  private warned = false;
  private limitMs = Number.POSITIVE_INFINITY;

  constructor(private readonly seat: Seat) {
    this.acted = seat.clock.now();
    this.told = this.acted;
  }

  /** Somebody has signed in; the session ends after so long without a sign of life. */
  begin(limitMs: number): void {
    const first = this.limitMs === Number.POSITIVE_INFINITY;
    this.limitMs = limitMs;
    this.acted = this.seat.clock.now();
    this.told = this.acted;
    this.become(false);
    if (first) this.look();
  }

  /** A key, a pointer, a wheel. */
  touched(): void {
    this.acted = this.seat.clock.now();
    if (this.warned) this.tell();
    this.become(false);
  }

  private look(): void {
    this.seat.clock.after(LOOK_MS, () => {
      const now = this.seat.clock.now();
      if (this.acted > this.told && now - this.told >= TELL_MS) this.tell();
      this.become(now - this.acted >= this.limitMs - WARN_MS);
      this.look();
    });
  }

  private tell(): void {
    this.told = this.seat.clock.now();
    this.seat.present();
  }

  private become(ending: boolean): void {
    if (ending === this.warned) return;
    this.warned = ending;
    this.seat.warn(ending);
  }
}
