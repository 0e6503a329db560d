import { describe, expect, it, vi } from 'vitest';
import { SLOTS } from './budget.ts';
import { ViewerError } from './errors.ts';
import { Outwards, SliceQueue } from './queue.ts';
import { SeriesModel } from './series.ts';
import { FakeClock, seriesOf, settled } from './testing.ts';

interface Pending {
  readonly index: number;
  readonly signal: AbortSignal;
  readonly done: () => void;
  readonly fail: (error: ViewerError) => void;
}

function bench(count: number, reach = 1_000) {
  const clock = new FakeClock();
  const model = new SeriesModel(seriesOf(count));
  const pending: Pending[] = [];
  const started: number[] = [];
  const load = (index: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      started.push(index);
      pending.push({ index, signal, done: resolve, fail: reject });
      signal.addEventListener('abort', () => reject(new ViewerError('cancelled')));
    });
  const queue = new SliceQueue(model, load, () => reach, clock);
  const of = (index: number): Pending => {
    const found = pending.findLast((item) => item.index === index);
    if (found === undefined) throw new Error(`slice ${index} was not asked for`);
    return found;
  };
  return { model, queue, started, of, clock };
}

describe('prefetch order', () => {
  const walked = (way: Outwards, reach: number) => {
    const seen: number[] = [];
    const isWanted = (index: number) => !seen.includes(index);
    for (let at = way.next(reach, isWanted); at !== null; at = way.next(reach, isWanted))
      seen.push(at);
    return seen;
  };

  it('goes outwards, the direction of travel first', () => {
    expect(walked(new Outwards(7, 3, 1), 99)).toEqual([4, 2, 5, 1, 6, 0]);
    expect(walked(new Outwards(7, 3, -1), 99)).toEqual([2, 4, 1, 5, 0, 6]);
    expect(walked(new Outwards(5, 0, 1), 99)).toEqual([1, 2, 3, 4]);
    expect(walked(new Outwards(100, 50, 1), 2)).toEqual([51, 49, 52, 48]);
    expect(walked(new Outwards(1, 0, 1), 99)).toEqual([]);
  });

  it('looks at each slice of a long series a few times, however many are loaded', async () => {
    const { queue, model, of, started } = bench(2_000, 2_000);
    const state = vi.spyOn(model, 'state');
    void queue.want(1_000);
    queue.prefetch();
    for (let at = 0; at < started.length; at++) {
      of(started[at] as number).done();
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(started).toHaveLength(2_000);
    expect(state.mock.calls.length).toBeLessThan(6 * 2_000);
  });

  it('comes back to a slice that left the memory, and to one that was given up', async () => {
    const { queue, of, started } = bench(20);
    void queue.want(10);
    queue.prefetch();
    for (const index of [10, 11, 9, 12, 8, 13, 7]) {
      of(index).done();
      await settled();
    }
    queue.evicted(9);
    expect(queue.yieldOne()).toBe(true);
    expect(started.at(-1)).not.toBe(9);
    queue.prefetch();
    expect(started.at(-1)).toBe(9);
  });
});

describe('slice queue', () => {
  it('loads the visible slice first and at most five at a time', async () => {
    const { queue, started, of } = bench(50);
    const seen = queue.want(10);
    queue.prefetch();
    expect(started).toEqual([10, 11, 9, 12, 8]);
    of(10).done();
    await seen;
    expect(started).toHaveLength(SLOTS + 1);
    expect(started.at(-1)).toBe(13);
  });

  it('gives a slow link to the visible slice alone, and goes on when it has come', async () => {
    const { queue, started, of, clock } = bench(50);
    const seen = queue.want(10);
    queue.prefetch();
    expect(queue.active).toHaveLength(SLOTS);
    await clock.advance(299);
    expect(queue.active).toHaveLength(SLOTS);
    await clock.advance(1);
    expect(queue.active).toEqual([10]);
    queue.prefetch();
    expect(queue.active).toEqual([10]);
    of(10).done();
    await seen;
    expect(started.slice(-5)).toEqual([11, 9, 12, 8, 13]);
  });

  it('goes on with the others while the visible slice is waited for', async () => {
    const { queue, clock } = bench(50);
    void queue.want(10);
    await clock.advance(300);
    expect(queue.active).toEqual([10]);
    queue.share();
    expect(queue.active).toHaveLength(SLOTS);
  });

  it('does not give up the others later, when it was known early that nothing comes', async () => {
    const { queue, clock } = bench(50);
    void queue.want(10);
    queue.share();
    await clock.advance(10_000);
    expect(queue.active).toHaveLength(SLOTS);
  });

  it('does not ask twice for what another calls absent while it loads', async () => {
    const { queue, model, started, of } = bench(50);
    void queue.want(10);
    queue.prefetch();
    model.moved(9, 'absent');
    of(10).done();
    await settled();
    expect(started).toEqual([10, 11, 9, 12, 8, 13]);
  });

  it('goes on side by side on a long line, where a slice takes as long alone', async () => {
    const { queue, of, clock } = bench(50);
    const first = queue.want(10);
    queue.prefetch();
    await clock.advance(600);
    expect(queue.active).toEqual([10]);
    of(10).done();
    await first;
    void queue.want(30);
    queue.prefetch();
    await clock.advance(899);
    expect(queue.active).toHaveLength(SLOTS);
    await clock.advance(1);
    expect(queue.active).toEqual([30]);
  });

  it('makes room for the visible slice by giving up the farthest', async () => {
    const { queue, model, of } = bench(50);
    void queue.want(10);
    queue.prefetch();
    void queue.want(30);
    expect(queue.active).toHaveLength(SLOTS);
    expect(queue.active).toContain(30);
    expect(of(8).signal.aborted).toBe(true);
    expect(model.state(8)).toBe('absent');
  });

  it('shares the load of a slice that is already on its way', async () => {
    const { queue, started, of } = bench(50);
    void queue.want(10);
    queue.prefetch();
    const next = queue.want(11);
    expect(started.filter((index) => index === 11)).toHaveLength(1);
    of(11).done();
    await next;
  });

  it('remembers a failure with its reason and does not hammer', async () => {
    const { queue, model, started, of } = bench(3);
    const seen = queue.want(0);
    of(0).fail(new ViewerError('damaged'));
    await expect(seen).rejects.toMatchObject({ category: 'damaged' });
    await expect(queue.want(0)).rejects.toMatchObject({ category: 'damaged' });
    expect(started.filter((index) => index === 0)).toHaveLength(1);
    expect(model.state(0)).toBe('failed');
    expect(model.counts.failed).toBe(1);
  });

  it('asks again when the reader says Retry', async () => {
    const { queue, model, of } = bench(3);
    const seen = queue.want(0);
    of(0).fail(new ViewerError('server'));
    await seen.catch(() => undefined);
    const again = queue.want(0, true);
    of(0).done();
    await again;
    expect(model.state(0)).toBe('ready');
    expect(model.error(0)).toBeNull();
  });

  it('goes on with the others when one fails', async () => {
    const { queue, started, of } = bench(20);
    void queue.want(0);
    queue.prefetch();
    of(2).fail(new ViewerError('damaged'));
    await settled();
    expect(started).toContain(5);
  });

  it('gives everything up when the reader leaves', async () => {
    const { queue, started, of, model } = bench(20);
    queue.want(0).catch(() => undefined);
    queue.prefetch();
    queue.close();
    await settled();
    expect([0, 1, 2, 3, 4].every((index) => of(index).signal.aborted)).toBe(true);
    expect(queue.active).toEqual([]);
    queue.prefetch();
    expect(started).toHaveLength(SLOTS);
    expect(model.counts.failed).toBe(0);
  });

  it('loads a picture again that left the memory', async () => {
    const { queue, model, of, started } = bench(2);
    const seen = queue.want(0);
    of(0).done();
    await seen;
    queue.evicted(0);
    expect(model.state(0)).toBe('absent');
    void queue.want(0);
    expect(started.filter((index) => index === 0)).toHaveLength(2);
  });

  it('keeps within what the memory holds', () => {
    const { queue, started } = bench(100, 1);
    void queue.want(50);
    queue.prefetch();
    expect(started).toEqual([50, 51, 49]);
  });
});
