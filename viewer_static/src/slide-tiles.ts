/** The tiles of a slide: which are wanted, on their way, here, or failed; bounded in memory and in requests. */
import type { Clock } from './clock.ts';
import { recognised, type ViewerError } from './errors.ts';
import type { Waiting, Watch } from './persist.ts';
import type { Pixels } from './slide-decode.ts';
import type { Tile } from './slide-geometry.ts';

/** Browsers keep six connections to a server; one is for everything else. */
const PARALLEL = 5;
/** Between the rounds in which failed tiles are asked for again by themselves. */
const ROUNDS_MS = [3_000, 10_000, 30_000, 60_000] as const;

export interface Kept {
  readonly tile: Tile;
  readonly pixels: Pixels;
}

export interface TileFailure {
  readonly tile: Tile;
  readonly error: ViewerError;
}

/** Gives a tile's pixels, proven and decoded. */
export type LoadTile = (tile: Tile, watch: Watch) => Promise<Pixels>;

interface Flight {
  readonly giveUp: AbortController;
  waiting: Waiting | null;
}

/** Fires `change` when a tile came, failed, or began to wait. */
export class Tiles extends EventTarget {
  private readonly kept = new Map<string, Kept>();
  private readonly failed = new Map<string, TileFailure>();
  private readonly flights = new Map<string, Flight>();
  private wanted: readonly Tile[] = [];
  private round = 0;
  private cancel: (() => void) | null = null;

  constructor(
    private readonly load: LoadTile,
    /** How many decoded tiles may be kept; those in sight always are. */
    private readonly most: () => number,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** The tiles to have, the most urgent first; loads of all others are given up. */
  want(tiles: readonly Tile[]): void {
    this.wanted = tiles;
    const keys = new Set(tiles.map(({ key }) => key));
    for (const [key, flight] of this.flights) {
      if (keys.has(key)) continue;
      this.flights.delete(key);
      flight.giveUp.abort();
    }
    for (const key of keys) this.touch(key);
    this.evict(keys);
    this.depart();
  }

  get(key: string): Pixels | null {
    return this.kept.get(key)?.pixels ?? null;
  }

  /** Tiles of a level that are here. */
  of(level: string): Kept[] {
    return [...this.kept.values()].filter(({ tile }) => tile.level === level);
  }

  get isEmpty(): boolean {
    return this.kept.size === 0;
  }

  failure(key: string): ViewerError | null {
    return this.failed.get(key)?.error ?? null;
  }

  /** Failed tiles among the wanted ones. */
  get failures(): TileFailure[] {
    return this.wanted.flatMap(({ key }) => this.failed.get(key) ?? []);
  }

  /** Wanted tiles that are still to come. */
  get missing(): number {
    return this.wanted.filter(({ key }) => !this.kept.has(key) && !this.failed.has(key)).length;
  }

  /** Why nothing comes, while nothing comes. */
  get waiting(): Waiting | null {
    for (const { waiting } of this.flights.values()) if (waiting !== null) return waiting;
    return null;
  }

  /** Every failed tile once more. */
  retry(): void {
    this.failed.clear();
    this.depart();
    this.changed();
  }

  close(): void {
    this.cancel?.();
    this.wanted = [];
    for (const { giveUp } of this.flights.values()) giveUp.abort();
    this.flights.clear();
    for (const { pixels } of this.kept.values())
      if (pixels.kind === 'bitmap') pixels.bitmap.close();
    this.kept.clear();
  }

  private depart(): void {
    for (const tile of this.wanted) {
      if (this.flights.size >= PARALLEL) return;
      const { key } = tile;
      if (!this.kept.has(key) && !this.failed.has(key) && !this.flights.has(key)) this.fly(tile);
    }
  }

  private fly(tile: Tile): void {
    const flight: Flight = { giveUp: new AbortController(), waiting: null };
    this.flights.set(tile.key, flight);
    const waiting = (reason: Waiting | null) => {
      flight.waiting = reason;
      this.changed();
    };
    this.load(tile, { signal: flight.giveUp.signal, waiting }).then(
      (pixels) => this.landed(tile, flight, () => this.kept.set(tile.key, { tile, pixels })),
      (thrown: unknown) =>
        this.landed(tile, flight, () => {
          this.failed.set(tile.key, { tile, error: recognised(thrown) });
          this.heal();
        }),
    );
  }

  private landed(tile: Tile, flight: Flight, settle: () => void): void {
    if (this.flights.get(tile.key) !== flight) return;
    this.flights.delete(tile.key);
    settle();
    this.depart();
    this.changed();
  }

  /** What may pass is asked for again, so that nobody has to click for it. */
  private heal(): void {
    const wait = ROUNDS_MS[Math.min(this.round, ROUNDS_MS.length - 1)] as number;
    const curable = [...this.failed.values()].some(({ error }) => error.retryable);
    if (this.cancel !== null || !curable) return;
    this.cancel = this.clock.after(wait, () => {
      this.cancel = null;
      this.round += 1;
      for (const [key, { error }] of this.failed) if (error.retryable) this.failed.delete(key);
      this.depart();
      this.changed();
    });
  }

  private touch(key: string): void {
    const kept = this.kept.get(key);
    if (kept === undefined) return;
    this.kept.delete(key);
    this.kept.set(key, kept);
  }

  private evict(needed: ReadonlySet<string>): void {
    for (const [key, { pixels }] of this.kept) {
      if (this.kept.size <= this.most()) return;
      if (needed.has(key)) continue;
      if (pixels.kind === 'bitmap') pixels.bitmap.close();
      this.kept.delete(key);
    }
  }

  private changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
