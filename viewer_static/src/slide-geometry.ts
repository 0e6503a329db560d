/** Where things are on a slide: levels, tiles, and what part of them a window shows. Pure. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** One level as the server read it from the proven file. */
export interface Level extends Size {
  readonly id: string;
  readonly tileWidth: number;
  readonly tileHeight: number;
}

export interface Tile {
  /** The level's identifier: its place among the levels changes as they become known. */
  readonly level: string;
  readonly column: number;
  readonly row: number;
  /** From 1, as the instance counts them. */
  readonly frame: number;
  readonly key: string;
}

/** What the window looks at: the point of the full size in its middle, and its pixels for each of those. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** A level may be enlarged so much before the next one is asked for. */
const ENLARGED = 1.25;
/** Screen pixels for one pixel of the slide, at most. */
const CLOSEST = 16;
/** Of the scale at which all of it is seen. */
const FARTHEST = 0.5;

export const tilesAcross = (level: Level): number => Math.ceil(level.width / level.tileWidth);
export const tilesDown = (level: Level): number => Math.ceil(level.height / level.tileHeight);

/** Pixels of the full size for one of this level. */
export const factorOf = (base: Size, level: Size): number => base.width / level.width;

/** All of the slide, in the middle. */
export function fitted(base: Size, view: Size): Camera {
  const scale = Math.min(view.width / base.width, view.height / base.height);
  return { x: base.width / 2, y: base.height / 2, scale };
}

/** Never so far that the slide is lost from sight. */
export function bounded(camera: Camera, base: Size, view: Size): Camera {
  const least = fitted(base, view).scale * FARTHEST;
  return {
    x: Math.min(Math.max(camera.x, 0), base.width),
    y: Math.min(Math.max(camera.y, 0), base.height),
    scale: Math.min(Math.max(camera.scale, least), Math.max(CLOSEST, least)),
  };
}

/** Closer or farther, with what lies under (left, top) of the window staying there. */
export function zoomed(
  camera: Camera,
  view: Size,
  factor: number,
  left: number,
  top: number,
): Camera {
  const scale = camera.scale * factor;
  const shift = 1 / camera.scale - 1 / scale;
  return {
    x: camera.x + (left - view.width / 2) * shift,
    y: camera.y + (top - view.height / 2) * shift,
    scale,
  };
}

/** Moved by pixels of the window. */
export const panned = (camera: Camera, right: number, down: number): Camera => ({
  ...camera,
  x: camera.x + right / camera.scale,
  y: camera.y + down / camera.scale,
});

/** The same view when a larger level turns out to be the full size. */
export function rebased(camera: Camera, before: Size, after: Size): Camera {
  const factor = after.width / before.width;
  return { x: camera.x * factor, y: camera.y * factor, scale: camera.scale / factor };
}

/** The coarsest level (they are sorted, the full size first) that is sharp enough at this scale. */
export function levelFor(levels: readonly Level[], scale: number): number {
  const [base] = levels;
  if (base === undefined) return 0;
  for (let number = levels.length - 1; number > 0; number--) {
    if (factorOf(base, levels[number] as Level) * scale <= ENLARGED) return number;
  }
  return 0;
}

export function tileAt(level: Level, column: number, row: number): Tile {
  const frame = row * tilesAcross(level) + column + 1;
  return { level: level.id, column, row, frame, key: `${level.id}/${frame}` };
}

const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);

/** The tiles of a level that the window shows, the middle ones first. */
export function visibleTiles(
  levels: readonly Level[],
  number: number,
  camera: Camera,
  view: Size,
): Tile[] {
  const level = levels[number];
  const [base] = levels;
  if (level === undefined || base === undefined) return [];
  const factor = factorOf(base, level);
  const x = camera.x / factor;
  const y = camera.y / factor;
  const halfWidth = view.width / 2 / camera.scale / factor;
  const halfHeight = view.height / 2 / camera.scale / factor;
  const column = (at: number) => within(Math.floor(at / level.tileWidth), tilesAcross(level) - 1);
  const row = (at: number) => within(Math.floor(at / level.tileHeight), tilesDown(level) - 1);
  const tiles: Tile[] = [];
  for (let down = row(y - halfHeight); down <= row(y + halfHeight); down++) {
    for (let across = column(x - halfWidth); across <= column(x + halfWidth); across++) {
      tiles.push(tileAt(level, across, down));
    }
  }
  const far = ({ column: c, row: r }: Tile) =>
    Math.hypot((c + 0.5) * level.tileWidth - x, (r + 0.5) * level.tileHeight - y);
  return tiles.sort((one, other) => far(one) - far(other));
}

/** A place in the window, in its pixels. */
export interface Box extends Size {
  readonly left: number;
  readonly top: number;
}

/** Where a tile lies, and how much of it belongs to the slide: the last ones reach beyond it. */
export function placed(
  base: Size,
  level: Level,
  tile: Tile,
  camera: Camera,
  view: Size,
): { readonly box: Box; readonly part: Size } {
  const factor = factorOf(base, level);
  const part = {
    width: Math.min(level.tileWidth, level.width - tile.column * level.tileWidth),
    height: Math.min(level.tileHeight, level.height - tile.row * level.tileHeight),
  };
  const each = factor * camera.scale;
  const left = tile.column * level.tileWidth * each - camera.x * camera.scale + view.width / 2;
  const top = tile.row * level.tileHeight * each - camera.y * camera.scale + view.height / 2;
  return { box: { left, top, width: part.width * each, height: part.height * each }, part };
}

/** A bar of a round length that is at most `most` pixels long; `each` is mm for one pixel. */
export function scaleBar(each: number, most: number): { pixels: number; label: string } {
  const longest = each * most;
  const power = 10 ** Math.floor(Math.log10(longest));
  const length = ([5, 2, 1].find((digit) => digit * power <= longest) ?? 1) * power;
  const micrometres = length * 1_000;
  const plain = (value: number) => String(Number(value.toPrecision(3)));
  const label = micrometres < 1_000 ? `${plain(micrometres)} µm` : `${plain(length)} mm`;
  return { pixels: length / each, label };
}
