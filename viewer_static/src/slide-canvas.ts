/** Draws what is here of a slide: coarse levels first, sharper ones over them, failed tiles by name. */
import type { Pixels, Values } from './slide-decode.ts';
import { type Camera, placed, type Size, type Tile } from './slide-geometry.ts';
import type { SlideLevel } from './slide-level.ts';
import type { Tiles } from './slide-tiles.ts';

/** Values at which grey begins and ends. */
export interface Window {
  readonly centre: number;
  readonly width: number;
  readonly inverted: boolean;
}

interface Scene {
  readonly context: CanvasRenderingContext2D;
  readonly base: Size;
  readonly camera: Camera;
  readonly view: Size;
  readonly grey: Window;
}

interface Drawn {
  readonly picture: CanvasImageSource;
  readonly window: string;
}

const FAILED_GROUND = '#1c1010';
const FAILED_LINE = '#8a4a45';
const FAILED_TEXT = '#ef9d97';
/** A tile smaller than this has no room for words. */
const LEGIBLE = 90;

export class SlideCanvas {
  readonly node = document.createElement('canvas');
  private readonly context = this.node.getContext('2d', { alpha: false });
  /** What a tile looks like, made once for each window. */
  private readonly drawn = new WeakMap<Pixels, Drawn>();

  /** Device pixels follow the element. */
  fit(): Size {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.node.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.node.clientHeight * ratio));
    if (this.node.width !== width) this.node.width = width;
    if (this.node.height !== height) this.node.height = height;
    return { width, height };
  }

  draw(
    levels: readonly SlideLevel[],
    tiles: Tiles,
    sharpest: number,
    camera: Camera,
    grey: Window,
  ): void {
    const { context } = this;
    if (context === null) return;
    const view = this.fit();
    context.fillStyle = '#000';
    context.fillRect(0, 0, view.width, view.height);
    // Enlarged pixels are shown as what they are.
    context.imageSmoothingEnabled = camera.scale < 2;
    context.imageSmoothingQuality = 'high';
    const [base] = levels;
    if (base === undefined) return;
    const scene = { context, base, camera, view, grey };
    for (const level of levels.slice(sharpest).reverse()) {
      for (const { tile, pixels } of tiles.of(level.id)) this.tile(scene, level, tile, pixels);
      for (const { tile, error } of tiles.failures) {
        if (tile.level === level.id) failed(scene, level, tile, error.title);
      }
    }
  }

  private tile(scene: Scene, level: SlideLevel, tile: Tile, pixels: Pixels): void {
    const { context, view } = scene;
    const { box, part } = placed(scene.base, level, tile, scene.camera, view);
    const outside =
      box.left > view.width ||
      box.top > view.height ||
      box.left + box.width < 0 ||
      box.top + box.height < 0;
    if (outside) return;
    // Whole pixels at both ends, or seams would show between tiles.
    const left = Math.round(box.left);
    const top = Math.round(box.top);
    const width = Math.round(box.left + box.width) - left;
    const height = Math.round(box.top + box.height) - top;
    const picture = this.pictureOf(level, pixels, scene.grey);
    context.drawImage(picture, 0, 0, part.width, part.height, left, top, width, height);
  }

  private pictureOf(level: SlideLevel, pixels: Pixels, grey: Window): CanvasImageSource {
    if (pixels.kind === 'bitmap') return pixels.bitmap;
    const stamp = pixels.kind === 'grey' ? `${grey.centre}/${grey.width}/${grey.inverted}` : '';
    const known = this.drawn.get(pixels);
    if (known?.window === stamp) return known.picture;
    const picture = document.createElement('canvas');
    picture.width = level.tileWidth;
    picture.height = level.tileHeight;
    const rgba = pixels.kind === 'grey' ? greyed(pixels.values, level, grey) : pixels.rgba;
    const data = new ImageData(rgba, level.tileWidth, level.tileHeight);
    picture.getContext('2d')?.putImageData(data, 0, 0);
    this.drawn.set(pixels, { picture, window: stamp });
    return picture;
  }
}

/** Never an empty or grey place: what is missing says its name. */
function failed(scene: Scene, level: SlideLevel, tile: Tile, reason: string): void {
  const { context } = scene;
  const { box } = placed(scene.base, level, tile, scene.camera, scene.view);
  context.fillStyle = FAILED_GROUND;
  context.fillRect(box.left, box.top, box.width, box.height);
  context.strokeStyle = FAILED_LINE;
  context.lineWidth = 2;
  context.strokeRect(box.left + 1, box.top + 1, box.width - 2, box.height - 2);
  if (box.width < LEGIBLE) return;
  const size = Math.min(26, Math.max(12, box.width / 18));
  context.fillStyle = FAILED_TEXT;
  context.font = `${size}px system-ui, sans-serif`;
  context.textAlign = 'center';
  const middle = box.left + box.width / 2;
  const centre = box.top + box.height / 2;
  context.fillText(`Tile ${tile.frame}`, middle, centre - size * 0.3, box.width - 12);
  context.fillText(reason, middle, centre + size, box.width - 12);
}

/** PS3.3 C.11.2.1.2.1, linear. */
export function greyed(
  values: Values,
  level: Pick<SlideLevel, 'photometric'>,
  { centre, width, inverted }: Window,
): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(values.length * 4);
  const turned = (level.photometric === 'MONOCHROME1') !== inverted;
  const span = Math.max(1, width - 1);
  const start = centre - 0.5 - span / 2;
  const words = new Uint32Array(rgba.buffer);
  for (let i = 0; i < values.length; i++) {
    const share = ((values[i] as number) - start) / span;
    const shade = Math.min(255, Math.max(0, Math.round(share * 255)));
    const shown = turned ? 255 - shade : shade;
    // Little endian, as every browser's machine is: alpha, blue, green, red.
    words[i] = 0xff000000 | (shown << 16) | (shown << 8) | shown;
  }
  return rgba;
}
