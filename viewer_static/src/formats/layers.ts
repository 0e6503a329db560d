/** Masks and contours over the pictures of a viewport, with a list of what they are. */
import { type SeriesHead, series as seriesOf } from '../api.ts';
import { button, el, say } from '../dom.ts';
import { recognised } from '../errors.ts';
import type { SliceFacts } from '../facts.ts';
import type { Plane } from '../figures/plane.ts';
import type { Pane } from '../pane.ts';
import type { Watch } from '../persist.ts';
import type { SeriesModel, Slice } from '../series.ts';
import type { Transport } from '../transport.ts';
import { askContents, type Contents, type MaskFrame } from './contents.ts';
import { type Bitmap, bitmapsOf, drawContours, type OnCanvas, stamp } from './ink.ts';
import { swatch } from './layer-card.ts';
import {
  complaintsOf,
  gapOf,
  graphicsOf,
  type Layer,
  moved,
  type Part,
  partsOf,
} from './layer-model.ts';
import { opacityOf } from './layer-opacity.ts';
import type { Ground, Stock } from './pile-model.ts';
import { type Stocked, stockedOf, wordsOf } from './piles.ts';
import type { Slot } from './place.ts';
import { planesOf } from './planes.ts';
import './formats.css';

export interface LayersDesk {
  readonly transport: Transport;
  readonly signal: AbortSignal;
  readonly lieOf: (imageId: string) => Plane | null;
  readonly rawOf: (imageId: string) => Readonly<Record<string, unknown>>;
  /** Series of the study that may lie over this one. */
  readonly offered: readonly SeriesHead[];
}

/** What planes are cut through, and how it is to look. */
export interface Inked extends Stock {
  readonly part: Part;
}

/** Fires `change` when planes are to look otherwise. */
export class Layers extends EventTarget {
  readonly canvas = el('canvas', { class: 'layers', 'aria-hidden': 'true' });
  readonly panel = el('details', { class: 'layers-panel', 'aria-label': 'Overlays' });
  private readonly title = el('summary');
  private readonly list = el('div', { class: 'layers-list' });
  private readonly resized = new ResizeObserver(() => this.draw());
  private readonly layers: Layer[] = [];
  private readonly asked = new Map<string, string>();
  private readonly gap: number;
  private readonly seen = new Set<string>();
  private readonly graphics: MaskFrame[] = [];
  /** Of masks. */
  opacity = 0.5;
  stocks: readonly Inked[] = [];
  /** The volume whose planes are on screen; null while slices are. */
  private ground: Ground | null = null;
  private readonly stocked = new Map<Layer, Stocked>();
  private bitmaps: { readonly imageId: string; readonly of: Map<string, readonly Bitmap[]> } = {
    imageId: '',
    of: new Map(),
  };

  constructor(
    private readonly pane: Pane,
    private readonly model: SeriesModel,
    private readonly desk: LayersDesk,
  ) {
    super();
    this.gap = gapOf(model);
    this.panel.append(this.title, this.list);
    for (const name of ['wheel', 'pointerdown', 'touchstart'])
      this.panel.addEventListener(name, (event) => event.stopPropagation(), { passive: true });
    for (const name of ['shown', 'view']) pane.addEventListener(name, this.draw);
    this.resized.observe(this.canvas);
    this.listed();
  }

  close(): void {
    for (const name of ['shown', 'view']) this.pane.removeEventListener(name, this.draw);
    this.resized.disconnect();
    this.canvas.remove();
    this.panel.remove();
  }

  add(contents: Contents, name: string): void {
    const { sop_uid } = contents;
    if (this.layers.some((layer) => layer.contents.sop_uid === sop_uid && sop_uid !== '')) return;
    this.layers.push({ name, contents, parts: partsOf(contents) });
    this.panel.open = true;
    this.changed();
  }

  /** From slices to the planes of a volume; null: back again. */
  over(ground: Ground | null): void {
    this.ground = ground;
    this.panel.toggleAttribute('data-planes', ground !== null);
    this.changed();
  }

  /** Something has no place on the planes. */
  get isLacking(): boolean {
    return this.layers.some((layer) => this.lackingOn(layer).length > 0);
  }

  private changed(): void {
    this.bitmaps = { imageId: '', of: new Map() };
    const { ground } = this;
    this.stocked.clear();
    if (ground !== null)
      for (const layer of this.layers) this.stocked.set(layer, stockedOf(layer.contents, ground));
    this.stocks = [...this.stocked].flatMap(([{ parts }, { stocks }]) =>
      stocks.flatMap((stock) => {
        const part = parts.get(stock.key);
        return part === undefined ? [] : [{ ...stock, part }];
      }),
    );
    this.listed();
    this.drawn();
  }

  private readonly faded = (opacity: number): void => {
    this.opacity = opacity;
    this.drawn();
  };

  private drawn(): void {
    this.draw();
    this.dispatchEvent(new Event('change'));
  }

  private lackingOn(layer: Layer): string[] {
    const stocked = this.stocked.get(layer);
    return stocked === undefined ? [] : wordsOf(stocked);
  }

  /** A series that was offered: each of its objects. */
  private async load(head: SeriesHead): Promise<void> {
    const { transport, signal } = this.desk;
    const watch: Watch = { signal, waiting: () => undefined };
    this.note(head, 'Loading…');
    try {
      const detail = await seriesOf(transport, head.id, watch);
      for (const instance of detail.instances) {
        const contents = await askContents(transport, instance, watch);
        const { segmentation, structures } = contents;
        const isTooLarge = segmentation?.too_large === true || structures?.too_large === true;
        if (isTooLarge) this.note(head, 'Too large to be laid over pictures here.');
        else this.note(head, '');
        if (!isTooLarge) this.add(contents, nameOf(head));
      }
    } catch (thrown) {
      if (!signal.aborted) this.note(head, recognised(thrown).message);
    }
  }

  private note(head: SeriesHead, words: string): void {
    this.asked.set(head.id, words);
    this.listed();
  }

  private listed(): void {
    say(this.title, this.layers.length === 0 ? 'Overlays available' : 'Overlays');
    const rest = this.desk.offered.filter(({ id }) => this.asked.get(id) !== '');
    const own = new Set(this.layers.map(({ name }) => name));
    this.list.replaceChildren(
      ...this.layers.map((layer) => this.section(layer)),
      ...(this.layers.length === 0
        ? []
        : [opacityOf(this.opacity, this.ground !== null, this.faded)]),
      ...rest.filter((head) => !own.has(nameOf(head))).map((head) => this.offer(head)),
    );
    this.panel.hidden = this.list.childElementCount === 0;
  }

  private offer(head: SeriesHead): HTMLElement {
    const show = button(`Show ${nameOf(head)}`, 'quiet', () => {
      void this.load(head);
    });
    return el('p', {}, show, this.asked.get(head.id) ?? '');
  }

  private section(layer: Layer): HTMLElement {
    const rows = [...layer.parts.values()].map((part) => {
      const box = el('input', { type: 'checkbox', checked: part.isShown });
      box.addEventListener('change', () => {
        part.isShown = box.checked;
        this.drawn();
      });
      return el('label', {}, box, swatch(part.colour), part.label);
    });
    const remove = button('Remove', 'quiet', () => {
      this.layers.splice(this.layers.indexOf(layer), 1);
      this.asked.clear();
      this.changed();
    });
    const head = el('h3', {}, layer.name, ' ', remove);
    const notes = this.complaints(layer).map((words) =>
      el('p', { class: 'papers-warning' }, words),
    );
    return el('section', {}, head, ...rows, ...notes);
  }

  private complaints(layer: Layer): string[] {
    if (this.ground !== null) return this.lackingOn(layer);
    const { shown } = this.pane;
    if (shown === null) return [];
    const plane = this.desk.lieOf(shown.slice.imageId);
    const slots = this.model.slices.map((slice) => this.slotOf(slice, shown.facts, plane));
    return complaintsOf(layer, slots);
  }

  /** Of the open slice by its own header; of others as far as the list tells. */
  private slotOf(slice: Slice, shown: SliceFacts, shownPlane: Plane | null): Slot {
    const { instance, frame, imageId } = slice;
    return {
      sopUid: instance.sop_uid,
      frame: instance.frames > 1 ? frame : 0,
      rows: shown.rows,
      columns: shown.columns,
      plane: this.desk.lieOf(imageId) ?? moved(shownPlane, instance.position),
      frameOfReference: shown.frame,
      gap: this.gap,
    };
  }

  private slot(): Slot | null {
    const { shown } = this.pane;
    return shown === null ? null : this.slotOf(shown.slice, shown.facts, null);
  }

  /** Graphics that the image on screen brings along. */
  private planes(): void {
    const { shown } = this.pane;
    const uid = shown?.slice.instance.sop_uid ?? '';
    if (shown === null || this.seen.has(uid)) return;
    this.seen.add(uid);
    const frames = planesOf(this.desk.rawOf(shown.slice.imageId), uid);
    if (frames.length === 0) return;
    const isFirst = this.graphics.length === 0;
    this.graphics.push(...frames);
    if (isFirst) this.layers.push(graphicsOf(shown.facts, this.graphics));
    if (isFirst) this.listed();
  }

  /** Anew for what is on screen at this moment; nothing while that is covered. */
  readonly draw = (): void => {
    const { canvas, pane } = this;
    this.planes();
    const ratio = window.devicePixelRatio;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    const ink = canvas.getContext('2d');
    const slot = this.slot();
    const imageId = pane.shown?.slice.imageId;
    if (ink === null || slot === null || imageId === undefined) return;
    if (this.bitmaps.imageId !== imageId) this.bitmaps = { imageId, of: new Map() };
    const at = this.onCanvas(imageId);
    for (const layer of this.layers) {
      this.drawMasks(ink, layer, slot, at);
      drawContours(ink, layer, slot, at);
    }
  };

  private onCanvas(imageId: string): OnCanvas {
    const ratio = window.devicePixelRatio;
    return (point) => {
      const [x, y] = this.pane.view?.placed(imageId, point) ?? [0, 0];
      return [x * ratio, y * ratio];
    };
  }

  private drawMasks(ink: CanvasRenderingContext2D, layer: Layer, slot: Slot, at: OnCanvas): void {
    ink.imageSmoothingEnabled = false;
    ink.globalAlpha = this.opacity;
    for (const part of layer.parts.values()) {
      if (!part.isShown) continue;
      for (const bitmap of this.bitmapsOf(layer, part, slot)) stamp(ink, bitmap, at);
    }
    ink.globalAlpha = 1;
  }

  private bitmapsOf(layer: Layer, part: Part, slot: Slot): readonly Bitmap[] {
    const key = `${this.layers.indexOf(layer)} ${part.key}`;
    const known = this.bitmaps.of.get(key);
    if (known !== undefined) return known;
    const made = bitmapsOf(layer, part, slot);
    this.bitmaps.of.set(key, made);
    return made;
  }
}

function nameOf({ description, modality, number }: SeriesHead): string {
  const name = description || modality;
  return number === null ? name : `${name} (series ${number})`;
}
