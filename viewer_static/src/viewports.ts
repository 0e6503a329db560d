/** The picture itself. It answers for one thing: what it says is drawn is what is drawn. */
import {
  Enums,
  eventTarget,
  getOrCreateCanvas,
  RenderingEngine,
  type Types,
} from '@cornerstonejs/core';
import { wallClock } from './clock.ts';
import { coming } from './coming.ts';
import { ViewerError } from './errors.ts';
import type { View } from './facts.ts';
import { type Point, worldOf } from './figures/plane.ts';
import type { Vector } from './geometry.ts';
import { keepingPictures } from './resizing.ts';
import * as camera from './tools/camera.ts';
import { type Bend, Curve } from './tools/curve.ts';
import { planeAt } from './tools/plane-at.ts';
import { rangeOf } from './tools/table.ts';

export const ENGINE_ID = 'pacs-proxy';

let shared: RenderingEngine | null = null;

const { Events } = Enums;

export type Values = ArrayLike<number> & ArrayBufferView;

/** Fires `drawn` after each rendering, `view` when window or camera moved, `lost` and `restored`. */
export class StackView extends EventTarget {
  private readonly engine: RenderingEngine;
  private readonly viewport: Types.IStackViewport;
  private readonly observer: ResizeObserver;
  private readonly curve: Curve;
  /** The last picture the library announced as the stack's new one. */
  private announced: string | null = null;
  private rendered: string | null = null;
  /** The picture last put on the canvas; stays until another one replaces it. */
  private onCanvas: Types.IImage | null = null;
  private imageIds: readonly string[] = [];
  private stackIsOpen = false;
  private turn = 0;
  /** The graphics driver was reset: the library goes on "rendering" nothing. */
  private lost = false;

  constructor(
    readonly id: string,
    private readonly element: HTMLDivElement,
  ) {
    super();
    shared ??= new RenderingEngine(ENGINE_ID);
    // Before the library asks: what lies behind an opaque canvas is not drawn with each picture.
    getOrCreateCanvas(element).getContext('2d', { alpha: false });
    this.engine = shared;
    this.engine.enableElement({
      viewportId: id,
      element,
      type: Enums.ViewportType.STACK,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.viewport = this.engine.getViewport(id) as Types.IStackViewport;
    this.curve = new Curve(this.viewport);
    this.listen();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(element);
  }

  /** What is on the canvas, as far as the library can be believed: announced, set and rendered. */
  get drawn(): string | null {
    return this.rendered;
  }

  open(imageIds: readonly string[]): void {
    this.imageIds = imageIds;
    this.curve.bend = 'own';
    this.stackIsOpen = false;
    this.rendered = null;
    this.onCanvas = null;
    this.announced = null;
  }

  /** Resolves when exactly this picture is on the canvas; alone, when the stack will not take it. */
  async show(imageId: string): Promise<void> {
    this.turn += 1;
    const turn = this.turn;
    const index = this.imageIds.indexOf(imageId);
    if (await this.tried(imageId, () => this.toIndex(index, imageId))) return;
    if (turn !== this.turn) throw new ViewerError('cancelled');
    this.stackIsOpen = false;
    if (await this.tried(imageId, () => this.viewport.setStack([imageId], 0))) return;
    throw new ViewerError(turn === this.turn ? 'draw' : 'cancelled');
  }

  /** The viewport leaves the page. */
  dispose(): void {
    this.observer.disconnect();
    this.turn += 1;
    this.engine.disableElement(this.id);
  }

  view(): View {
    const view = camera.viewOf(this.viewport, this.announced ?? '');
    return { ...view, table: this.curve.table?.name ?? null };
  }

  /** A straight one, whatever table the image brings. */
  setWindow(width: number, centre: number): void {
    this.curved('straight');
    camera.setWindow(this.viewport, width, centre);
  }

  /** The image's lookup table, though it has a window too. */
  tabled(): void {
    this.curved('table');
    const { table } = this.curve;
    if (table !== null) camera.setWindow(this.viewport, ...rangeOf(table));
  }

  /** The window, or table, the drawn image itself asks for. */
  storedWindow(): void {
    const { windowWidth, windowCenter } = this.viewport.getCornerstoneImage();
    this.curved('own');
    camera.setWindow(this.viewport, first(windowWidth), first(windowCenter));
  }

  toggleInvert(): void {
    camera.setInverted(this.viewport, !this.view().inverted);
    this.viewed();
  }

  zoomBy(factor: number): void {
    camera.zoomBy(this.viewport, factor);
  }

  rotate(degrees: number): void {
    camera.turn(this.viewport, degrees);
    this.viewed();
  }

  mirror(axis: 'horizontal' | 'vertical'): void {
    camera.mirror(this.viewport, axis);
    this.viewed();
  }

  reset(): void {
    camera.reset(this.viewport);
    this.curved('own');
    this.viewed();
  }

  get look(): camera.Look | null {
    return this.rendered === null ? null : camera.lookOf(this.viewport);
  }

  set look(look: camera.Look | null) {
    if (look === null || this.rendered === null) return;
    camera.setLook(this.viewport, look);
    this.viewed();
  }

  /** Rotated, mirrored or inverted by the reader. */
  get isTurned(): boolean {
    return this.onCanvas !== null && camera.isTurned(this.viewport);
  }

  /** The patient's coordinates under a place of the element. */
  under([x, y]: Point): Vector {
    return this.viewport.canvasToWorld([x, y]) as unknown as Vector;
  }

  /** Where a pixel of the drawn image lies on the element. */
  placed(imageId: string, point: Point): Point {
    return this.viewport.worldToCanvas([...worldOf(planeAt(imageId), point)]);
  }

  /** What the canvas holds at this moment, with the values it was made of: for tests that prove pixels. */
  canvasHolds(): { imageId: string; values: Values } | null {
    const image = this.onCanvas;
    const values = image?.voxelManager?.getScalarData();
    if (image === null || values === undefined) return null;
    return { imageId: image.imageId, values: values as unknown as Values };
  }

  /** All viewports of the page are resized together: one engine draws them. */
  private resize(): void {
    const canvases = this.engine.getViewports().map(({ canvas }) => canvas);
    keepingPictures(canvases, () => this.engine.resize(true, true));
  }

  private curved(bend: Bend): void {
    this.curve.bend = bend;
    this.curve.put(this.announced ?? '');
  }

  private viewed(): void {
    this.dispatchEvent(new Event('view'));
  }

  private listen(): void {
    const on = (name: string, heard: (detail: Record<string, unknown>) => void) =>
      this.element.addEventListener(name, (event) => heard((event as CustomEvent).detail));
    on(Events.STACK_NEW_IMAGE, (detail) => {
      this.announced = String(detail.imageId);
      this.curve.put(this.announced);
    });
    on(Events.IMAGE_RENDERED, () => this.afterRendering());
    on(Events.VOI_MODIFIED, () => this.viewed());
    on(Events.CAMERA_MODIFIED, () => this.viewed());
    eventTarget.addEventListener(Events.WEBGL_CONTEXT_LOST, () => this.blinded(true));
    eventTarget.addEventListener(Events.WEBGL_CONTEXT_RESTORED, () => this.blinded(false));
    this.viewport.canvas.addEventListener('contextlost', () => this.blinded(true));
    this.viewport.canvas.addEventListener('contextrestored', () => this.blinded(false));
  }

  private blinded(lost: boolean): void {
    this.lost = lost;
    this.rendered = null;
    this.onCanvas = null;
    this.stackIsOpen = false;
    this.dispatchEvent(new Event(lost ? 'lost' : 'restored'));
  }

  private afterRendering(): void {
    const held = this.viewport.getCornerstoneImage() ?? null;
    const sound = !this.lost && held !== null && held.imageId === this.announced;
    this.rendered = sound ? held.imageId : null;
    this.onCanvas = sound ? held : null;
    this.dispatchEvent(new Event('drawn'));
  }

  private async toIndex(index: number, imageId: string): Promise<unknown> {
    const held = this.viewport.getCornerstoneImage()?.imageId ?? null;
    if (!this.stackIsOpen) {
      this.stackIsOpen = true;
      return this.viewport.setStack([...this.imageIds], index);
    }
    if (this.viewport.getCurrentImageIdIndex() !== index)
      return this.viewport.setImageIdIndex(index);
    if (held !== imageId) return this.viewport.setStack([...this.imageIds], index);
    return this.viewport.render();
  }

  /** The library may resolve without drawing, reject, or draw later: only the canvas counts. */
  private async tried(imageId: string, navigate: () => Promise<unknown>): Promise<boolean> {
    this.rendered = null;
    const seen = this.seen(imageId, this.turn);
    await navigate().catch(() => undefined);
    return seen;
  }

  /** True once it is on the canvas; false when it is not coming or another one is asked for. */
  private seen(imageId: string, turn: number): Promise<boolean> {
    const verdict = () => {
      if (turn !== this.turn) return false;
      return this.rendered === imageId ? true : null;
    };
    return coming(this, verdict, wallClock, () => document.hidden);
  }
}

const first = (value: number | number[]): number => Number(Array.isArray(value) ? value[0] : value);
