import { describe, expect, it } from 'vitest';
import { ViewerError } from './errors.ts';
import type { Watch } from './persist.ts';
import type { Pixels } from './slide-decode.ts';
import { type Tile, tileAt } from './slide-geometry.ts';
import { Tiles } from './slide-tiles.ts';
import { FakeClock, settled } from './testing.ts';

const LEVEL = { id: 'a', width: 5_120, height: 5_120, tileWidth: 512, tileHeight: 512 };
const tile = (number: number): Tile => tileAt(LEVEL, number % 10, Math.floor(number / 10));
const some = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => tile(from + at));

/** Loads that end when the test says so. */
class Loads {
  readonly asked: Tile[] = [];
  readonly watches = new Map<string, Watch>();
  private readonly ends = new Map<string, (error: ViewerError | null) => void>();

  readonly load = (wanted: Tile, watch: Watch): Promise<Pixels> => {
    this.asked.push(wanted);
    this.watches.set(wanted.key, watch);
    return new Promise((resolve, reject) => {
      watch.signal.addEventListener('abort', () => reject(new ViewerError('cancelled')));
      this.ends.set(wanted.key, (error) =>
        error === null ? resolve({ kind: 'grey', values: new Uint8Array(1) }) : reject(error),
      );
    });
  };

  async end(wanted: Tile, error: ViewerError | null = null): Promise<void> {
    this.ends.get(wanted.key)?.(error);
    await settled();
  }
}

function begun(most = 100) {
  const loads = new Loads();
  const clock = new FakeClock();
  return { loads, clock, tiles: new Tiles(loads.load, () => most, clock) };
}

describe('the tiles of a slide', () => {
  it('are asked for in order, a few at a time', async () => {
    const { loads, tiles } = begun();
    tiles.want(some(0, 9));
    expect(loads.asked.map(({ frame }) => frame)).toEqual([1, 2, 3, 4, 5]);
    await loads.end(tile(1));
    expect(loads.asked.map(({ frame }) => frame)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(tiles.missing).toBe(8);
    expect(tiles.get(tile(1).key)).not.toBeNull();
  });

  it('that leave the view are given up, and asked for again when they return', async () => {
    const { loads, tiles } = begun();
    tiles.want(some(0, 3));
    tiles.want(some(2, 5));
    expect(loads.watches.get(tile(0).key)?.signal.aborted).toBe(true);
    expect(loads.watches.get(tile(2).key)?.signal.aborted).toBe(false);
    await settled();
    expect(tiles.failures).toEqual([]);
    tiles.want(some(0, 1));
    expect(loads.asked.filter(({ frame }) => frame === 1)).toHaveLength(2);
  });

  it('that fail are named, come again by themselves, and by Retry at once', async () => {
    const { loads, tiles, clock } = begun();
    tiles.want(some(0, 2));
    await loads.end(tile(0), new ViewerError('digest'));
    await loads.end(tile(1));
    expect(tiles.failures.map(({ error }) => error.category)).toEqual(['digest']);
    expect(tiles.missing).toBe(0);
    await clock.advance(3_000);
    expect(loads.asked.filter(({ frame }) => frame === 1)).toHaveLength(2);
    await loads.end(tile(0), new ViewerError('short'));
    tiles.retry();
    await loads.end(tile(0));
    expect(tiles.failures).toEqual([]);
    expect(tiles.missing).toBe(0);
  });

  it('that can never be drawn are not asked for again and again', async () => {
    const { loads, tiles, clock } = begun();
    tiles.want(some(0, 1));
    await loads.end(tile(0), new ViewerError('undrawable', 'no', { retryable: false }));
    await clock.advance(600_000);
    expect(loads.asked).toHaveLength(1);
    expect(tiles.failures).toHaveLength(1);
  });

  it('in sight are never evicted, the longest unseen ones first', async () => {
    const { loads, tiles } = begun(4);
    for (const part of [some(0, 4), some(4, 6)]) {
      tiles.want(part);
      for (const one of part) await loads.end(one);
    }
    tiles.want(some(4, 6));
    const kept = some(0, 6).filter(({ key }) => tiles.get(key) !== null);
    expect(kept.map(({ frame }) => frame)).toEqual([3, 4, 5, 6]);
    tiles.want(some(0, 6));
    for (const one of some(0, 6)) await loads.end(one);
    expect(some(0, 6).every(({ key }) => tiles.get(key) !== null)).toBe(true);
  });

  it('say why nothing comes', () => {
    const { loads, tiles } = begun();
    tiles.want(some(0, 1));
    expect(tiles.waiting).toBeNull();
    loads.watches.get(tile(0).key)?.waiting?.({ error: null });
    expect(tiles.waiting).toEqual({ error: null });
  });
});
