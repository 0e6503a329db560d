import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Budget } from './budget.ts';
import { ViewerError } from './errors.ts';
import { SeriesModel } from './series.ts';
import { instanceOf, seriesOf, settled } from './testing.ts';
import { Volume } from './volume.ts';
import { listed } from './volume-frames.ts';
import { type Stack, stackOf } from './volume-stack.ts';
import type { Order } from './volume-worker.ts';

const COUNT = 6;
const ORIENTATION = [1, 0, 0, 0, 1, 0];

class FakeWorker extends EventTarget {
  readonly orders: Order[] = [];
  ended = false;

  postMessage(order: Order): void {
    this.orders.push(order);
  }

  terminate(): void {
    this.ended = true;
  }
}

let kept: Record<string, string> = {};
beforeEach(() => vi.stubGlobal('localStorage', { getItem: (key: string) => kept[key] ?? null }));
afterEach(() => {
  vi.unstubAllGlobals();
  kept = {};
});

/** `depths` is what the list says; a file says what `raw` changes. */
function bench(raw: (index: number) => object = () => ({}), depths = [0, 2, 4, 6, 8, 10]) {
  const instances = depths.map((z, at) =>
    instanceOf(at, { position: [1, 2, z], orientation: ORIENTATION }),
  );
  const model = new SeriesModel(seriesOf(COUNT, { instances }));
  const worker = new FakeWorker();
  const failing = new Set<number>();
  const at = (imageId: string) => model.slice(imageId)?.index ?? 0;
  const volume = new Volume(
    {
      source: {
        model,
        load: (index) =>
          failing.has(index) ? Promise.reject(new ViewerError('digest')) : Promise.resolve(),
      },
      budget: new Budget(),
      values: (imageId) => new Int16Array(12).fill(at(imageId)),
      raw: (imageId) => ({
        Rows: 3,
        Columns: 4,
        PixelSpacing: [1, 1],
        ImageOrientationPatient: ORIENTATION,
        ImagePositionPatient: [1, 2, depths[at(imageId)]],
        ...raw(at(imageId)),
      }),
      worker: () => worker as unknown as Worker,
    },
    stackOf(model.slices.map(listed)) as Stack,
    2,
  );
  const puts = () => worker.orders.flatMap((order) => ('put' in order ? [order] : []));
  return { model, worker, volume, failing, puts };
}

describe('a volume', () => {
  it('takes each slice once, to its place along the normal', async () => {
    const { volume, puts } = bench(undefined, [4, 0, 2, 10, 8, 6]);
    volume.start();
    await settled();
    expect(volume.isComplete).toBe(true);
    const placed = puts().map(({ put, values }) => [put, values[0]]);
    expect(placed.sort()).toEqual([
      [0, 1],
      [1, 2],
      [2, 0],
      [3, 5],
      [4, 4],
      [5, 3],
    ]);
  });

  it('is made of positions that were written down with few digits', async () => {
    const { volume } = bench(undefined, [0, 2, 4.1, 6, 7.9, 10]);
    volume.start();
    await settled();
    expect(volume.refusal).toBeNull();
    expect(volume.isComplete).toBe(true);
  });

  it('names what failed, and takes it when it comes after all', async () => {
    const { volume, failing, model, puts } = bench();
    failing.add(4);
    volume.start();
    await settled();
    expect([volume.count, volume.isComplete, volume.failures]).toEqual([5, false, [4]]);
    expect(puts().some(({ put }) => put === 4)).toBe(false);
    failing.clear();
    model.moved(4, 'absent');
    await settled();
    expect([volume.isComplete, volume.failures]).toEqual([true, []]);
  });

  it.each([
    ['lies elsewhere than the list says', { ImagePositionPatient: [1, 2, 5] }, /where the list/],
    ['has another size', { Rows: 4, Columns: 3 }, /same size/],
    ['is in colour', { SamplesPerPixel: 3 }, /colour/],
  ])('is refused when a file %s, and its voxels are freed', async (_, change, reason) => {
    const { volume, worker } = bench((index) => (index === 3 ? change : {}));
    volume.start();
    await settled();
    expect(volume.refusal).toMatch(reason);
    expect(worker.ended).toBe(true);
  });

  it('larger than allowed takes no memory at all', async () => {
    kept = { 'pacs-volume-mib': '0.0001' };
    const { volume, worker } = bench();
    volume.start();
    await settled();
    expect(volume.refusal).toMatch(/at most 0.0001 MB/);
    expect(worker.orders).toEqual([]);
  });

  it('that is left asks for nothing more and ends its worker', async () => {
    const { volume, worker, model } = bench();
    volume.start();
    await settled();
    volume.close();
    expect(worker.ended).toBe(true);
    const before = worker.orders.length;
    model.moved(0, 'ready');
    expect(worker.orders.length).toBe(before);
  });
});
