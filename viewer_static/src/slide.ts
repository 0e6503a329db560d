/** One open slide: its levels as they become known, its tiles, what is looked at, and the words around it. */
import type { Instance, SeriesDetail, Skipped } from './api.ts';
import { wallClock } from './clock.ts';
import type { Cover } from './cover.ts';
import { button, el, say } from './dom.ts';
import { recognised, ViewerError } from './errors.ts';
import type { Link } from './link.ts';
import type { Overlay } from './overlay.ts';
import type { Watch } from './persist.ts';
import { type Counts, sifted } from './series.ts';
import { SlideCanvas, type Window } from './slide-canvas.ts';
import { type DecodeFrame, type Pixels, pixelsOf } from './slide-decode.ts';
import {
  bounded,
  type Camera,
  fitted,
  levelFor,
  panned,
  rebased,
  type Size,
  scaleBar,
  type Tile,
  visibleTiles,
  zoomed,
} from './slide-geometry.ts';
import { Hands } from './slide-hands.ts';
import { askLevel, framePath, pyramidOf, type SlideLevel } from './slide-level.ts';
import { Tiles } from './slide-tiles.ts';
import { complaints, levelLines, viewLines } from './slide-words.ts';
import type { Transport } from './transport.ts';

export interface SlideDesk {
  readonly transport: Transport;
  readonly link: Link;
  readonly cover: Cover;
  readonly overlay: Overlay;
  readonly decode: DecodeFrame;
}

/** Of decoded tiles: 512 x 512 in colour is 1 MiB. */
const TILE_BYTES = 384 * 1024 ** 2;
const BAR_PIXELS = 160;

/** Fires `change` when a level came or failed, or a tile did. */
export class Slide extends EventTarget {
  readonly node = el('div', { class: 'slide' });
  readonly skipped: readonly Skipped[];
  levels: SlideLevel[] = [];
  camera: Camera = { x: 0, y: 0, scale: 1 };
  private readonly canvas = new SlideCanvas();
  private readonly bar = el('div', { class: 'slide-bar' });
  private readonly note = el('div', { class: 'slide-note' });
  private readonly words = el('span');
  private readonly hands: Hands;
  private readonly leaving = new AbortController();
  private readonly instances: readonly Instance[];
  private readonly failures = new Map<string, ViewerError>();
  private readonly resized = new ResizeObserver(() => this.moved(this.camera));
  private known: SlideLevel[] = [];
  private readonly tiles: Tiles;
  private grey: Window = { centre: 128, width: 256, inverted: false };
  private isFitted = true;
  private frame = 0;
  /** What is on the canvas is not yet what is known. */
  isStale = true;

  constructor(
    private readonly detail: SeriesDetail,
    private readonly desk: SlideDesk,
  ) {
    super();
    const { good, skipped } = sifted(detail);
    this.skipped = skipped;
    this.instances = [...good].sort((one, other) => one.size - other.size);
    const again = button('Retry', 'quiet', () => this.retry());
    this.note.append(this.words, again);
    this.node.append(this.canvas.node, this.bar, this.note);
    this.tiles = new Tiles(
      (tile, watch) => this.load(tile, watch),
      () => this.mostTiles(),
      wallClock,
    );
    this.tiles.addEventListener('change', () => this.changed());
    this.hands = new Hands(this.canvas.node, {
      pan: (right, down) => this.moved(panned(this.camera, right, down)),
      zoom: (factor, left, top) => this.zoomAt(factor, left, top),
      window: (wider, brighter) => this.rewindow(wider, brighter),
      fit: () => this.fit(),
    });
  }

  /** Small levels are asked for first; each is shown as soon as it is known. */
  async start(): Promise<void> {
    this.resized.observe(this.node);
    this.desk.cover.loading('Slide');
    await Promise.all(this.instances.map((instance) => this.learn(instance)));
    if (this.levels.length === 0) this.failedWholly();
  }

  close(): void {
    this.leaving.abort();
    this.resized.disconnect();
    cancelAnimationFrame(this.frame);
    this.tiles.close();
    this.node.remove();
  }

  key(event: KeyboardEvent): boolean {
    return this.hands.key(event);
  }

  retry(): void {
    const again = this.instances.filter(({ id }) => this.failures.delete(id));
    if (this.levels.length === 0) this.desk.cover.loading('Slide');
    void Promise.all(again.map((instance) => this.learn(instance))).then(() => {
      if (this.levels.length === 0) this.failedWholly();
    });
    this.tiles.retry();
  }

  fit(): void {
    this.isFitted = true;
    this.moved(this.camera);
  }

  /** The view and the window as they were at first. */
  reset(): void {
    const [base] = this.levels;
    if (base !== undefined) this.grey = storedWindow(base);
    this.fit();
  }

  zoom(factor: number): void {
    const { width, height } = this.canvas.fit();
    this.zoomAt(factor, width / 2, height / 2);
  }

  invert(): void {
    this.grey = { ...this.grey, inverted: !this.grey.inverted };
    this.paint();
  }

  look(camera: Camera): void {
    this.isFitted = false;
    this.moved(camera);
  }

  /** Levels are this picture's instances: each is proven whole before its first tile leaves the server. */
  get counts(): Counts {
    const received = this.known.length;
    const lengthOnly = this.instances.filter(
      ({ id, md5 }) => md5 === null && this.known.some((level) => level.id === id),
    ).length;
    return {
      instances: this.instances.length,
      received,
      verified: received - lengthOnly,
      lengthOnly,
      failed: this.failures.size,
    };
  }

  get store(): Tiles {
    return this.tiles;
  }

  get view(): Size {
    return this.canvas.fit();
  }

  get surface(): HTMLCanvasElement {
    return this.canvas.node;
  }

  /** The level that is sharp enough for what is looked at. */
  get sharpest(): number {
    return levelFor(this.levels, this.camera.scale);
  }

  private async learn(instance: Instance): Promise<void> {
    const watch: Watch = { signal: this.leaving.signal };
    try {
      this.known.push(await askLevel(this.desk.transport, instance, watch));
      this.rebuild();
    } catch (thrown) {
      const error = recognised(thrown);
      if (error.category !== 'cancelled') this.failures.set(instance.id, error);
    }
    this.changed();
  }

  private rebuild(): void {
    const [before] = this.levels;
    this.levels = pyramidOf(this.known);
    const base = this.levels[0] as SlideLevel;
    if (before === undefined) this.grey = storedWindow(base);
    else if (!this.isFitted) this.camera = rebased(this.camera, before, base);
    this.moved(this.camera);
  }

  private mostTiles(): number {
    const bytes = this.levels.map(({ tileWidth, tileHeight }) => 4 * tileWidth * tileHeight);
    return Math.max(32, Math.floor(TILE_BYTES / Math.max(1, ...bytes)));
  }

  private async load(tile: Tile, watch: Watch): Promise<Pixels> {
    const level = this.known.find(({ id }) => id === tile.level);
    if (level === undefined) throw new ViewerError('cancelled');
    const bytes = await this.desk.transport.frame(framePath(level.id, tile.frame), watch);
    return this.desk.transport.stubbornly(watch, () => pixelsOf(level, bytes, this.desk.decode));
  }

  private zoomAt(factor: number, left: number, top: number): void {
    this.look(zoomed(this.camera, this.canvas.fit(), factor, left, top));
  }

  private rewindow(wider: number, brighter: number): void {
    const { centre, width, inverted } = this.grey;
    const span = 2 ** (this.levels[0]?.bitsStored ?? 8);
    this.grey = {
      centre: centre + brighter * width,
      width: Math.min(Math.max(1, width * 4 ** wider), 2 * span),
      inverted,
    };
    this.paint();
  }

  private moved(camera: Camera): void {
    const [base] = this.levels;
    if (base === undefined) return;
    const view = this.canvas.fit();
    this.camera = this.isFitted ? fitted(base, view) : bounded(camera, base, view);
    const coarsest = this.levels.length - 1;
    const sharp = visibleTiles(this.levels, this.sharpest, this.camera, view);
    // What is coarse is here at once and lies under all that is still to come.
    const under =
      this.sharpest === coarsest ? [] : visibleTiles(this.levels, coarsest, this.camera, view);
    this.tiles.want([...under, ...sharp]);
    this.paint();
  }

  private changed(): void {
    if (this.leaving.signal.aborted) return;
    this.paint();
    this.dispatchEvent(new Event('change'));
  }

  /** Once for each frame of the screen, however much has changed. */
  private paint(): void {
    cancelAnimationFrame(this.frame);
    this.isStale = true;
    this.frame = requestAnimationFrame(() => this.painted());
  }

  private painted(): void {
    this.isStale = false;
    if (this.levels.length === 0) return;
    this.canvas.draw(this.levels, this.tiles, this.sharpest, this.camera, this.grey);
    if (!this.tiles.isEmpty || this.tiles.failures.length > 0) this.desk.cover.off();
    this.tell();
  }

  private tell(): void {
    const [base] = this.levels;
    if (base === undefined) return;
    const { desk, tiles, sharpest } = this;
    const coming = this.instances.length - this.known.length - this.failures.size;
    const left = levelLines(this.levels, sharpest, tiles.missing, coming);
    const right = viewLines(base, this.camera.scale, this.grey);
    if (desk.cover.state === 'off') desk.overlay.words(this.detail, left, right);
    const { waiting } = tiles;
    const reason = waiting === null ? '' : desk.link.sentence(waiting.error);
    const said = complaints(tiles.failures.length, [...this.failures.values()], reason);
    say(this.words, said);
    this.note.hidden = said === '';
    this.scale(base);
  }

  private scale(base: SlideLevel): void {
    this.bar.hidden = base.spacing === null;
    if (base.spacing === null) return;
    const ratio = window.devicePixelRatio || 1;
    const each = (base.spacing[1] / this.camera.scale) * ratio;
    const { pixels, label } = scaleBar(each, BAR_PIXELS);
    this.bar.style.width = `${pixels}px`;
    say(this.bar, label);
  }

  private failedWholly(): void {
    const [error] = this.failures.values();
    if (error !== undefined && !this.leaving.signal.aborted) this.desk.cover.failed('Slide', error);
  }
}

function storedWindow(level: SlideLevel): Window {
  const span = 2 ** level.bitsStored;
  const [centre, width] = level.window ?? [level.signed ? 0 : span / 2, span];
  return { centre, width, inverted: false };
}
