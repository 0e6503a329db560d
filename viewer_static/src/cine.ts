/** Plays frames in a loop, never faster than they are proven on screen. */
import type { Clock } from './clock.ts';

const DEFAULT_RATE = 15;
const SLOWEST = 1;
const FASTEST = 60;

/** Indexes of the first and the last slice that are played. */
export type Span = readonly [number, number];

/** What is played after `at`: from the last, or from outside of the span, on to its first. */
export function following(at: number, [first, last]: Span): number {
  return at >= first && at < last ? at + 1 : first;
}

export class Cine extends EventTarget {
  playing = false;
  rate = DEFAULT_RATE;
  /** Null: all of them. */
  span: Span | null = null;
  private isChosen = false;
  private turn = 0;

  constructor(
    private readonly clock: Clock,
    /** Shows the next frame; resolves when it, or its placeholder, is on screen. */
    private readonly next: () => Promise<void>,
  ) {
    super();
  }

  /** The rate the images ask for, unless the reader chose another. */
  suggest(framesPerSecond: number | null): void {
    if (!this.isChosen) this.setRate(framesPerSecond);
  }

  choose(framesPerSecond: number): void {
    this.setRate(framesPerSecond);
    this.isChosen = true;
  }

  setRate(framesPerSecond: number | null): void {
    this.rate = Math.min(FASTEST, Math.max(SLOWEST, Math.round(framesPerSecond ?? DEFAULT_RATE)));
    this.dispatchEvent(new Event('change'));
  }

  /** From here on; an end that lay before becomes the end of the series. */
  from(index: number, count: number): void {
    const [, last] = this.span ?? [0, count - 1];
    this.play([index, last > index ? last : count - 1]);
  }

  to(index: number): void {
    const [first] = this.span ?? [0, 0];
    this.play([first < index ? first : 0, index]);
  }

  all(): void {
    this.play(null);
  }

  toggle(): void {
    if (this.playing) this.stop();
    else this.start();
  }

  /** Each step by hand asks for it. */
  stop(): void {
    if (!this.playing) return;
    this.turn += 1;
    this.playing = false;
    this.dispatchEvent(new Event('change'));
  }

  private play(span: Span | null): void {
    this.span = span !== null && span[0] === span[1] ? null : span;
    this.dispatchEvent(new Event('change'));
  }

  private start(): void {
    this.turn += 1;
    this.playing = true;
    this.dispatchEvent(new Event('change'));
    void this.run(this.turn);
  }

  private async run(turn: number): Promise<void> {
    while (turn === this.turn) {
      const began = this.clock.now();
      await this.next();
      const rest = 1_000 / this.rate - (this.clock.now() - began);
      await new Promise<void>((resolve) => this.clock.after(Math.max(0, rest), resolve));
    }
  }
}
