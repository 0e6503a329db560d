import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { planesOf, type Shown } from './mpr-door.ts';
import { SeriesModel } from './series.ts';
import { instanceOf, seriesOf } from './testing.ts';

const shown = {
  facts: { rows: 512, columns: 512 },
  slice: { instance: { frames: 1 } },
} as unknown as Shown;
const raw = () => ({});

function model(count: number, change = {}): SeriesModel {
  const instances = Array.from({ length: count }, (_, at) =>
    instanceOf(at, { position: [0, 0, at], orientation: [1, 0, 0, 0, 1, 0], ...change }),
  );
  return new SeriesModel(seriesOf(count, { instances }));
}

let kept: Record<string, string> = {};
beforeEach(() => vi.stubGlobal('localStorage', { getItem: (key: string) => kept[key] ?? null }));
afterEach(() => {
  vi.unstubAllGlobals();
  kept = {};
});

it('planes are on offer with the memory they take', () => {
  expect(planesOf({ session: { model: model(128) }, shown, mpr: null }, raw)).toEqual({
    inForce: false,
    refusal: null,
    size: '64 MB',
  });
});

it('the reason why not comes from the list, from the wait, or from the memory allowed', () => {
  expect(
    planesOf({ session: { model: model(128, { orientation: null }) }, shown, mpr: null }, raw)
      .refusal,
  ).toMatch(/128 of 128/);
  expect(planesOf({ session: null, shown: null, mpr: null }, raw).refusal).toMatch(/no slices/);
  expect(planesOf({ session: { model: model(9) }, shown: null, mpr: null }, raw).refusal).toMatch(
    /on screen first/,
  );
  kept = { 'pacs-volume-mib': '32' };
  expect(planesOf({ session: { model: model(128) }, shown, mpr: null }, raw).refusal).toBe(
    'The volume would take 64 MB of memory; at most 32 MB are allowed here.',
  );
});

it('planes in force are never refused', () => {
  expect(planesOf({ session: { model: model(3) }, shown: null, mpr: {} }, raw)).toMatchObject({
    inForce: true,
    refusal: null,
  });
});
