/** A small picture of a whole slide, put together from its smallest level; one tile of it says nothing. */
import { renderedPath, series as seriesOf } from './api.ts';
import { ViewerError } from './errors.ts';
import type { Watch } from './persist.ts';
import { sifted } from './series.ts';
import { type Level, tileAt, tilesAcross, tilesDown } from './slide-geometry.ts';
import { askLevel, type SlideLevel } from './slide-level.ts';
import type { Transport } from './transport.ts';

const LONGEST = 2_048;
const MOST_TILES = 16;
/** The smallest instances may be labels and overviews, which show more than the slide. */
const ASKED = 3;
const SLIDES: ReadonlySet<string> = new Set(['VOLUME', 'THUMBNAIL']);

interface Piece {
  readonly frame: number;
  readonly x: number;
  readonly y: number;
}

export interface Mosaic {
  readonly width: number;
  readonly height: number;
  readonly tile: { readonly width: number; readonly height: number };
  readonly pieces: readonly Piece[];
}

/** Where its tiles go in a picture with this longest side; null where that is too much to fetch. */
export function mosaicOf(level: Level, side: number): Mosaic | null {
  const longest = Math.max(level.width, level.height);
  const [across, down] = [tilesAcross(level), tilesDown(level)];
  if (longest > LONGEST || across * down > MOST_TILES) return null;
  const scale = side / longest;
  const tile = { width: level.tileWidth * scale, height: level.tileHeight * scale };
  const pieces = Array.from({ length: across * down }, (_, at) => {
    const [column, row] = [at % across, Math.floor(at / across)];
    const { frame } = tileAt(level, column, row);
    return { frame, x: column * tile.width, y: row * tile.height };
  });
  const whole = (length: number) => Math.max(1, Math.round(length * scale));
  return { width: whole(level.width), height: whole(level.height), tile, pieces };
}

/** Throws where there is none, or none that is quickly there. */
export async function slideThumbnail(
  transport: Transport,
  series: string,
  side: number,
  watch: Watch,
): Promise<Blob> {
  const level = await smallest(transport, series, watch);
  const mosaic = mosaicOf(level, side);
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d');
  if (mosaic === null || pen === null) throw new ViewerError('undrawable');
  Object.assign(canvas, { width: mosaic.width, height: mosaic.height });
  const { width, height } = mosaic.tile;
  for (const { frame, x, y } of mosaic.pieces) {
    const path = renderedPath(level.id, frame, Math.ceil(Math.max(width, height)));
    const tile = await createImageBitmap(await transport.picture(path, watch));
    pen.drawImage(tile, x, y, width, height);
    tile.close();
  }
  return blobOf(canvas);
}

async function smallest(transport: Transport, series: string, watch: Watch): Promise<SlideLevel> {
  const { good } = sifted(await seriesOf(transport, series, watch));
  const sizes = [...good].sort((one, other) => one.size - other.size);
  for (const instance of sizes.slice(0, ASKED)) {
    const level = await askLevel(transport, instance, watch);
    if (SLIDES.has(level.flavour)) return level;
  }
  throw new ViewerError('undrawable');
}

function blobOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const given = (blob: Blob | null) =>
      blob === null ? reject(new ViewerError('memory')) : resolve(blob);
    canvas.toBlob(given);
  });
}
