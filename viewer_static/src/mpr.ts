/** Three planes through one series, each made of proven slices only. Fetched when it is asked for. */
import { el } from './dom.ts';
import type { Point } from './figures/plane.ts';
import { measureOf } from './figures/values.ts';
import { cardOf, MprBar, USUAL_MM } from './mpr-bar.ts';
import { beginning, Crosshair, firstRank } from './mpr-cross.ts';
import { Cuts } from './mpr-cuts.ts';
import type { MprDesk } from './mpr-desk.ts';
import { Drawing } from './mpr-drawing.ts';
import type { HandActions } from './mpr-hand.ts';
import { MprLayers } from './mpr-layers.ts';
import { marksOn, REFUSED } from './mpr-marks.ts';
import { type Grey, rewindowed } from './mpr-paint.ts';
import { NAMES, type Name } from './mpr-planes.ts';
import * as seam from './mpr-seam.ts';
import { MprView } from './mpr-view.ts';
import { factsOfVolume, failuresOf, stateOf } from './mpr-words.ts';
import { type Made, Volume } from './volume.ts';
import { stackAround } from './volume-frames.ts';
import type { Stack } from './volume-stack.ts';
import type { Mode } from './volume-voxels.ts';

export class Mpr {
  readonly node = el('div', { class: 'mpr' });
  readonly drawing: Drawing;
  views: readonly MprView[] = [];
  grey: Grey;
  volume: Volume | null = null;
  cross: Crosshair | null = null;
  cuts: Cuts | null = null;
  private readonly grid = el('div', { class: 'mpr-grid' });
  private readonly bar: MprBar;
  private readonly laid = new MprLayers(() => this.relaid());
  private active: Name = 'axial';
  private pointed: Point | null = null;
  private mode: Mode = 'thin';
  private thickness = USUAL_MM;
  /** What the volume is, in words. */
  private facts = '';

  constructor(readonly desk: MprDesk) {
    this.grey = desk.grey;
    this.drawing = new Drawing(
      marksOn(desk.shelf, desk.volume),
      () => desk.raw(desk.slice.imageId),
      () => this.views,
      (note) => this.status(note),
    );
    this.bar = new MprBar({
      slab: (mode, thickness) => this.slab(mode, thickness),
      retry: () => desk.retry(),
      limit: () => {
        if (this.volume === null || this.volume.refusal !== null) this.restart();
      },
      back: () => desk.back(),
    });
    this.node.append(this.bar.node, this.grid);
    for (const what of ['pointerdown', 'pointermove', 'wheel', 'contextmenu'] as const)
      this.node.addEventListener(what, (event) => event.stopPropagation());
    this.node.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  start(): void {
    const { desk } = this;
    const stack = stackAround(desk.source.model.slices, desk.slice, desk.raw);
    if (typeof stack === 'string') {
      this.refuse(stack);
      return;
    }
    this.card('Reconstruction', 'The first slice tells how large the volume will be.');
    const worker = () =>
      new Worker(new URL('./volume-worker.ts', import.meta.url), { type: 'module' });
    // What is looked at first comes first.
    const centre = stack.order[firstRank(stack, desk.slice)] ?? desk.slice.index;
    const volume = new Volume({ ...desk, worker }, stack, centre);
    this.volume = volume;
    volume.addEventListener('made', () => this.made(volume, volume.made as Made, stack));
    volume.addEventListener('change', () => this.grew());
    volume.addEventListener('refused', () => this.refuse(volume.refusal ?? ''));
    seam.install(this);
    volume.start();
  }

  close(): void {
    this.left();
    this.drawing.close();
    this.volume = null;
    this.node.remove();
    seam.remove();
  }

  private left(): void {
    this.laid.close();
    this.cuts?.close();
    this.cuts = null;
    this.volume?.close();
    for (const view of this.views) view.close();
    this.views = [];
  }

  /** True when the key means something here, or would act on slices that nobody sees. */
  key(event: KeyboardEvent): boolean {
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (key === 'Escape') this.desk.back();
    else if (key === 'Delete' || key === 'Backspace') this.unmark();
    else if (!/^[ .,hv]$/.test(key)) return false;
    event.preventDefault();
    return true;
  }

  private unmark(): void {
    const view = this.viewOf(this.active);
    if (view !== null && this.pointed !== null) this.drawing.remove(view, this.pointed);
  }

  step(by: number): void {
    this.cross?.turn(this.active, this.indexOf(this.active) + by);
    this.crossed();
  }

  invert(): void {
    this.colour({ ...this.grey, inverted: !this.grey.inverted });
  }

  /** Also of planes that were turned. */
  reset(): void {
    this.cross?.straighten();
    for (const view of this.views) view.fit();
    this.colour(this.desk.grey);
    this.crossed();
  }

  zoom(factor: number): void {
    this.viewOf(this.active)?.zoom(factor);
  }

  indexOf(name: Name): number {
    return this.cross?.index(name) ?? 0;
  }

  private restart(): void {
    this.left();
    this.start();
  }

  private made(volume: Volume, { grid, bytes }: Made, stack: Stack): void {
    const { desk } = this;
    const cross = new Crosshair(grid, beginning(grid, stack, desk.slice));
    this.cross = cross;
    this.views = NAMES.map((name) => this.hung(name, cross));
    this.cuts = new Cuts(
      volume,
      (name) => {
        const { mode, thickness } = this;
        const { turn: laid } = this.laid;
        return { view: cross.view(name), index: cross.index(name), mode, thickness, laid };
      },
      (view, index) => this.laid.through(view, index),
      (name, { pixels, stencils }, asked) => {
        const veil = this.laid.veil(stencils, asked);
        this.viewOf(name)?.show(pixels, asked, veil, cross.meeting, this.grey);
        this.lined();
      },
    );
    this.bar.reach(Math.max(...this.views.map(({ view: { count, step } }) => count * step)));
    this.facts = factsOfVolume(grid, bytes, stack);
    this.grid.replaceChildren(...this.views.map(({ node }) => node));
    this.layered();
    this.crossed();
  }

  /** Masks and contours may come later than the planes. */
  layered(): void {
    const layers = this.desk.layers();
    if (layers !== null && this.volume?.made != null)
      this.laid.begin(layers, this.volume, this.volume.made);
  }

  private relaid(): void {
    for (const view of this.views) view.draw();
    this.status('');
    this.cuts?.all();
  }

  private hung(name: Name, cross: Crosshair): MprView {
    const { desk } = this;
    const measure = measureOf(desk.raw(desk.slice.imageId));
    const shown: MprView = new MprView(cross.view(name), desk.detail, measure, {
      ...this.moves(name, () => shown),
      ...this.drawing.hands(() => shown),
      tool: desk.tool,
      pan: (right, down) => shown.pan(right, down),
      zoom: (factor) => shown.zoom(factor),
      rewindow: (right, down) => this.colour(rewindowed(this.grey, right, down)),
      enlarge: () => this.enlarge(name),
      refused: () => this.status(REFUSED),
    });
    return shown;
  }

  private moves(name: Name, view: () => MprView) {
    return {
      step: (by: number) => {
        this.active = name;
        this.step(by);
      },
      point: (at: Point) => {
        this.cross?.point(name, view().pixelAt(at));
        this.crossed();
      },
      isGrip: (at: Point) => view().isGrip(at),
      rotate: (from: Point, to: Point) => {
        this.cross?.rotate(name, view().angle(from, to));
        this.crossed();
      },
      hover: (at: Point) => {
        this.active = name;
        this.pointed = at;
        view().hover(at);
      },
      leave: () => {
        this.pointed = null;
        view().hover(null);
      },
    } satisfies Partial<HandActions>;
  }

  private viewOf(name: Name): MprView | null {
    return this.views.find(({ view }) => view.name === name) ?? null;
  }

  private crossed(): void {
    this.lined();
    this.cuts?.moved();
  }

  /** As the pictures on screen lie: a plane that was turned has its lines when it is drawn. */
  private lined(): void {
    const { cross } = this;
    if (cross === null) return;
    const thickness = this.mode === 'thin' ? 0 : this.thickness;
    for (const shown of this.views) {
      const { name } = shown.view;
      if (shown.view !== cross.view(name)) continue;
      shown.cross({ lines: cross.lines(name, thickness), at: cross.crossing(name) });
    }
    this.drawing.show();
  }

  private slab(mode: Mode, thickness: number): void {
    this.mode = mode;
    this.thickness = thickness;
    this.crossed();
  }

  colour(grey: Grey): void {
    this.grey = grey;
    for (const view of this.views) view.colour(grey);
    this.desk.coloured();
  }

  private enlarge(name: Name): void {
    const { large } = this.grid.dataset;
    if (large === name) delete this.grid.dataset.large;
    else this.grid.dataset.large = name;
  }

  private grew(): void {
    const { volume } = this;
    if (volume?.made == null) return;
    const lacking = volume.isComplete ? '' : `${volume.count} of ${volume.total} slices`;
    for (const view of this.views) view.lacks(lacking);
    this.status('');
    this.cuts?.grew();
  }

  private status(note: string): void {
    const { volume, laid, drawing } = this;
    const { model } = this.desk.source;
    if (volume === null) return;
    const facts = `${stateOf(volume, model)} · ${this.facts}${laid.note}${drawing.note}`;
    this.bar.says(note || facts, failuresOf(volume, model));
  }

  private refuse(reason: string): void {
    this.left();
    this.bar.says('', '');
    this.card('No reconstruction of this series', reason);
  }

  private card(title: string, sentence: string): void {
    this.grid.replaceChildren(cardOf(title, sentence, () => this.desk.back()));
  }
}
