import { expect, it } from 'vitest';
import { Budget, SLOTS } from './budget.ts';
import { ViewerError } from './errors.ts';
import { SeriesModel } from './series.ts';
import { seriesOf, settled } from './testing.ts';
import { VolumeFeed } from './volume-feed.ts';

function bench(count: number) {
  const model = new SeriesModel(seriesOf(count));
  const asked: number[] = [];
  const ends = new Map<number, (error: ViewerError | null) => void>();
  const load = (index: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      asked.push(index);
      signal.addEventListener('abort', () => reject(new ViewerError('cancelled')));
      ends.set(index, (error) => (error === null ? resolve() : reject(error)));
    });
  const held = new Set<number>();
  const budget = new Budget();
  const feed = new VolumeFeed(
    { model, load },
    budget,
    (index) => !held.has(index),
    (index) => held.add(index),
    3,
  );
  return { model, asked, ends, held, budget, feed };
}

it('brings every slice once, outwards, no more at a time than the link has room for', async () => {
  const { asked, ends, held, feed } = bench(12);
  feed.prefetch();
  expect(asked).toEqual([3, 4, 2, 5, 1]);
  expect(asked.length).toBe(SLOTS);
  while (held.size < 12) {
    const open = asked.filter((index) => !held.has(index));
    for (const index of open) ends.get(index)?.(null);
    await settled();
  }
  expect([...asked].sort((one, other) => one - other)).toEqual([...Array(12).keys()]);
});

it('leaves to the series what the series loads, and names what failed', async () => {
  const { model, asked, ends, feed } = bench(5);
  model.moved(4, 'loading');
  feed.prefetch();
  expect(asked).not.toContain(4);
  ends.get(2)?.(new ViewerError('digest'));
  await settled();
  expect(model.failures).toEqual([2]);
  feed.prefetch();
  expect(asked.filter((index) => index === 2)).toEqual([2]);
});

it('gives up what is under way when the volume is left', async () => {
  const { model, feed, budget } = bench(9);
  feed.prefetch();
  feed.close();
  await settled();
  expect(feed.size).toBe(0);
  expect(budget.hasRoom).toBe(true);
  expect(model.slices.every(({ index }) => model.state(index) === 'absent')).toBe(true);
});

it('keeps away from the place that a visible picture elsewhere was given', async () => {
  const { model, asked, feed, budget } = bench(30);
  // As the volume does: every change may have left room.
  model.addEventListener('change', () => {
    if (asked.length > 99) throw new Error('It takes what it has just given up.');
    feed.prefetch();
  });
  feed.prefetch();
  const visible = { size: 0, isUrgent: false, yieldOne: () => false, prefetch: () => undefined };
  budget.enter(visible);
  budget.makeRoom(visible);
  expect(budget.hasRoom).toBe(true);
  expect(asked.length).toBe(SLOTS);
});
