import { describe, expect, it } from 'vitest';
import { mosaicOf } from './slide-thumbnail.ts';

const level = (width: number, height: number, tile = 512) => ({
  id: 'a',
  width,
  height,
  tileWidth: tile,
  tileHeight: tile,
});

describe('the small picture of a slide', () => {
  it('is of the whole level, in its shape, and without the padding of its last tiles', () => {
    const mosaic = mosaicOf(level(650, 475), 130);
    expect(mosaic).toMatchObject({ width: 130, height: 95 });
    expect(mosaic?.tile.width).toBeCloseTo(102.4, 6);
    expect(mosaic?.pieces).toEqual([
      { frame: 1, x: 0, y: 0 },
      { frame: 2, x: expect.closeTo(102.4, 6), y: 0 },
    ]);
  });

  it('puts each tile where it lies, row by row', () => {
    const mosaic = mosaicOf(level(2_048, 2_048), 160);
    expect(mosaic?.pieces).toHaveLength(16);
    expect(mosaic?.pieces[5]).toEqual({ frame: 6, x: 40, y: 40 });
    expect(mosaic?.pieces.at(-1)).toEqual({ frame: 16, x: 120, y: 120 });
  });

  it('is not made of what is large, or of many tiles', () => {
    expect(mosaicOf(level(2_049, 100), 160)).toBeNull();
    expect(mosaicOf(level(2_048, 2_048, 256), 160)).toBeNull();
    expect(mosaicOf(level(2_048, 513, 512), 160)).not.toBeNull();
  });
});
