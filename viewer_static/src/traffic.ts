/** What is under way on the link, how long a question takes, and how many breaks cost the reader nothing. */
import type { Arrival } from './goodput.ts';

export const CARGO = ['images', 'thumbnails', 'lists'] as const;
export type Cargo = (typeof CARGO)[number];

/** Also of what has no body to speak of. */
export type Answered = Arrival & {
  readonly requestStart: number;
  readonly domainLookupStart: number;
  readonly domainLookupEnd: number;
};

const BREAKS = new Set(['network', 'stalled', 'short']);
/** The quickest of so many: whatever else was under way, or had to be fetched first, slowed the others. */
const SAMPLES = 8;
/** Of fewer loads no share is told. */
const TELLING = 20;

export function cargoOf(path: string): Cargo {
  if (/\/(display|compact|frames\/\d+)$/.test(path)) return 'images';
  return /\/rendered\?/.test(path) ? 'thumbnails' : 'lists';
}

/** Fires `change`. */
export class Traffic extends EventTarget {
  /** Breaks after which the load came whole all the same. */
  survived = 0;
  /** How long the proxy's name was last looked up; null where no load of this page needed that. */
  lookupMs: number | null = null;
  private tries = 0;
  private breaks = 0;
  private readonly underWay = new Map<Cargo, number>();
  private readonly broken = new Map<string, number>();
  private readonly samples: number[] = [];

  began(path: string): void {
    this.move(cargoOf(path), 1);
  }

  /** `outcome`: ok, or the category of the error. */
  ended(path: string, outcome: string): void {
    if (outcome !== 'cancelled') this.tries += 1;
    if (BREAKS.has(outcome)) {
      this.breaks += 1;
      this.broken.set(path, (this.broken.get(path) ?? 0) + 1);
    }
    if (outcome === 'ok') {
      this.survived += this.broken.get(path) ?? 0;
      this.broken.delete(path);
    }
    this.move(cargoOf(path), -1);
  }

  of(cargo: Cargo): number {
    return this.underWay.get(cargo) ?? 0;
  }

  heard(answers: readonly Answered[]): void {
    for (const { requestStart, responseStart, transferSize, ...name } of answers) {
      if (transferSize > 0 && responseStart > requestStart)
        this.samples.push(responseStart - requestStart);
      if (name.domainLookupEnd > name.domainLookupStart)
        this.lookupMs = name.domainLookupEnd - name.domainLookupStart;
    }
    this.samples.splice(0, Math.max(0, this.samples.length - SAMPLES));
  }

  /** From a question to its answer's first byte; null until one was asked. */
  get roundTripMs(): number | null {
    return this.samples.length === 0 ? null : Math.min(...this.samples);
  }

  /** An estimate of what the line loses: loads that broke on the way, of all; null until there were enough. */
  get lost(): number | null {
    return this.tries < TELLING ? null : this.breaks / this.tries;
  }

  private move(cargo: Cargo, by: 1 | -1): void {
    this.underWay.set(cargo, this.of(cargo) + by);
    this.dispatchEvent(new Event('change'));
  }
}
