import { expect, it } from 'vitest';
import { Budget, FEW, SLOTS } from './budget.ts';
import type { ViewerError } from './errors.ts';
import { SliceQueue } from './queue.ts';
import { SeriesModel } from './series.ts';
import { FakeClock, seriesOf, settled } from './testing.ts';

function wall(slots = SLOTS) {
  const budget = new Budget(() => slots);
  const clock = new FakeClock();
  const pane = () => {
    const done = new Map<number, () => void>();
    const load = (index: number, signal: AbortSignal) =>
      new Promise<void>((resolve, reject: (error: ViewerError | Error) => void) => {
        done.set(index, resolve);
        signal.addEventListener('abort', () => reject(new DOMException('left', 'AbortError')));
      });
    const model = new SeriesModel(seriesOf(50));
    const queue = new SliceQueue(model, load, () => 1_000, clock, budget);
    return { queue, done };
  };
  return { one: pane(), other: pane() };
}

it('lets no viewport fetch ahead while another waits for what its reader sees', async () => {
  const { one, other } = wall();
  const first = one.queue.want(0);
  const second = other.queue.want(0);
  one.queue.prefetch();
  expect(one.queue.active).toEqual([0]);
  other.done.get(0)?.();
  await second;
  await settled();
  one.done.get(0)?.();
  await first;
  await settled();
  expect(one.queue.size + other.queue.size).toBe(SLOTS);
});

it('makes room for a visible slice by dropping what another viewport fetched ahead', async () => {
  const { one, other } = wall();
  const first = one.queue.want(0);
  one.done.get(0)?.();
  await first;
  await settled();
  expect(one.queue.size).toBe(SLOTS);
  void other.queue.want(3);
  expect(other.queue.active).toEqual([3]);
  expect(one.queue.size).toBe(SLOTS - 1);
});

it('asks for less at once where the link is narrow', async () => {
  const { one } = wall(FEW);
  const first = one.queue.want(0);
  one.done.get(0)?.();
  await first;
  await settled();
  expect(one.queue.size).toBe(FEW);
});
