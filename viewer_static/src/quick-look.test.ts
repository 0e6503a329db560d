import { beforeEach, describe, expect, it } from 'vitest';
import { ViewerError } from './errors.ts';
import { QuickLook } from './quick-look.ts';
import type { Slice } from './series.ts';
import { FakeClock, settled } from './testing.ts';

const SLICE = { frame: 3, instance: { id: 'one', size: 500_000 } } as unknown as Slice;
const NARROW = 250_000;

let clock: FakeClock;
let asked: { path: string; signal: AbortSignal }[];
let shown: unknown[];
let rate: number | null;
let failure: Error | null;
let quick: QuickLook;

beforeEach(() => {
  clock = new FakeClock();
  asked = [];
  shown = [];
  rate = NARROW;
  failure = null;
  const transport = {
    get goodput() {
      return { expected: rate } as never;
    },
    picture: async (path: string, { signal }: { signal: AbortSignal }) => {
      asked.push({ path, signal });
      await settled();
      if (failure !== null) throw failure;
      return 'picture' as unknown as Blob;
    },
  };
  const cover = { preview: async (blob: Blob) => void shown.push(blob) };
  quick = new QuickLook({ transport, cover, clock });
});

const always = () => true;

describe('a quick look', () => {
  it('is the frame itself, small, where it comes long before the picture', async () => {
    quick.for(SLICE, always);
    await clock.advance(150);
    expect(asked.map(({ path }) => path)).toEqual([
      'api/pacs/instances/one/rendered?frame=3&size=512&quality=40',
    ]);
    expect(shown).toEqual(['picture']);
  });

  it.each([null, 400_000, 10e6])('is none where the link carries %s bytes a second', async (is) => {
    rate = is;
    quick.for(SLICE, always);
    await clock.advance(1_000);
    expect(asked).toEqual([]);
  });

  it('is none of a slice that came, or was left, meanwhile', async () => {
    quick.for(SLICE, () => false);
    await clock.advance(150);
    expect(asked).toEqual([]);
  });

  it('is not shown over what came while it was under way', async () => {
    quick.for(SLICE, () => asked.length === 0);
    await clock.advance(150);
    expect(asked).toHaveLength(1);
    expect(shown).toEqual([]);
  });

  it('of the slice before is given up', async () => {
    quick.for(SLICE, always);
    await clock.advance(100);
    quick.for({ ...SLICE, frame: 4 }, always);
    await clock.advance(200);
    expect(asked.map(({ path }) => path)).toEqual([
      'api/pacs/instances/one/rendered?frame=4&size=512&quality=40',
    ]);
    quick.close();
    expect(asked[0]?.signal.aborted).toBe(true);
  });

  it('that fails is no failure of the picture', async () => {
    failure = new ViewerError('network');
    quick.for(SLICE, always);
    await clock.advance(150);
    expect(shown).toEqual([]);
  });
});
