/** Three planes through one series, each made of proven slices only. Fetched when it is asked for. */
import type { SeriesDetail } from './api.ts';
import { el } from './dom.ts';
import { cardOf, MprBar, USUAL_MM } from './mpr-bar.ts';
import { Crosshair } from './mpr-cross.ts';
import type { Grey } from './mpr-paint.ts';
import { cutOf, NAMES, type Name, type View, viewOf } from './mpr-planes.ts';
import * as seam from './mpr-seam.ts';
import { MprView } from './mpr-view.ts';
import { failuresOf, stateOf } from './mpr-words.ts';
import { CT_PRESETS } from './presets.ts';
import type { ToolId } from './toolkit.ts';
import { type Made, Volume, type VolumeDesk } from './volume.ts';
import { placeOf } from './volume-grid.ts';
import { sized } from './volume-limit.ts';
import { type Stack, stackOf } from './volume-stack.ts';
import type { Mode } from './volume-voxels.ts';

/** A picture of a volume that still grows is renewed this often. */
const RENEW_MS = 400;

export interface MprDesk extends Omit<VolumeDesk, 'worker'> {
  readonly detail: SeriesDetail;
  readonly unit: string;
  /** The window as it was on the slice. */
  readonly grey: Grey;
  readonly tool: () => ToolId;
  /** The slice that was on screen, in the list. */
  readonly centre: number;
  retry(): void;
  back(): void;
}

export class Mpr {
  readonly node = el('div', { class: 'mpr' });
  views: readonly MprView[] = [];
  grey: Grey;
  volume: Volume | null = null;
  private readonly grid = el('div', { class: 'mpr-grid' });
  private readonly bar: MprBar;
  cross: Crosshair | null = null;
  private readonly busy = new Map<Name, boolean>();
  private active: Name = 'axial';
  private mode: Mode = 'thin';
  private thickness = USUAL_MM;
  private renewal = 0;
  /** What the volume is, in words. */
  private facts = '';

  constructor(private readonly desk: MprDesk) {
    this.grey = desk.grey;
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
    const stack = stackOf(this.desk.source.model.slices);
    if (typeof stack === 'string') {
      this.refuse(stack);
      return;
    }
    this.card('Reconstruction', 'The first slice tells how large the volume will be.');
    const worker = () =>
      new Worker(new URL('./volume-worker.ts', import.meta.url), { type: 'module' });
    const volume = new Volume({ ...this.desk, worker }, stack, this.desk.centre);
    this.volume = volume;
    volume.addEventListener('made', () => this.made(volume.made as Made, stack));
    volume.addEventListener('change', () => this.grew());
    volume.addEventListener('refused', () => this.refuse(volume.refusal ?? ''));
    seam.install(this);
    volume.start();
  }

  close(): void {
    clearTimeout(this.renewal);
    this.volume?.close();
    this.volume = null;
    for (const view of this.views) view.close();
    this.node.remove();
    seam.remove();
  }

  /** True when the key means something here, or would act on slices that nobody sees. */
  key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === 'Escape') this.desk.back();
    else if (!/^[ .,hv]$/.test(event.key)) return false;
    event.preventDefault();
    return true;
  }

  step(by: number): void {
    const shown = this.viewOf(this.active);
    if (shown !== null) this.cross?.turn(shown.view, this.indexOf(this.active) + by);
    this.crossed();
  }

  preset(at: number): void {
    const { width, centre } = CT_PRESETS[at] ?? this.desk.grey;
    this.colour({ ...this.grey, width, centre });
  }

  invert(): void {
    this.colour({ ...this.grey, inverted: !this.grey.inverted });
  }

  reset(): void {
    for (const view of this.views) view.fit();
    this.colour(this.desk.grey);
  }

  zoom(factor: number): void {
    this.viewOf(this.active)?.zoom(factor);
  }

  indexOf(name: Name): number {
    return this.cross?.index(name) ?? 0;
  }

  /** Everything asked for is on screen. */
  get isSettled(): boolean {
    const { volume } = this;
    return (
      volume !== null &&
      this.views.length > 0 &&
      this.views.every(({ view, shown }) => {
        if (this.busy.get(view.name) || shown?.index !== this.indexOf(view.name)) return false;
        const same = shown.mode === this.mode && shown.thickness === this.thickness;
        return same && shown.revision === volume.revision;
      })
    );
  }

  private restart(): void {
    this.volume?.close();
    for (const view of this.views) view.close();
    this.views = [];
    this.start();
  }

  private made({ grid, bytes }: Made, stack: Stack): void {
    const rank = stack.order.indexOf(this.desk.centre);
    const middle = placeOf(grid, [(grid.columns - 1) / 2, (grid.rows - 1) / 2, rank]);
    this.views = NAMES.map((name) => this.hung(viewOf(grid, name)));
    const views = this.views.map(({ view }) => view);
    this.cross = new Crosshair(views, middle);
    this.bar.reach(Math.max(...views.map(({ count, step }) => count * step)));
    const tilt =
      stack.tilt < 0.5 ? '' : ` · gantry tilt of ${stack.tilt.toFixed(1)}° is reckoned with`;
    this.facts = `${grid.columns} × ${grid.rows} × ${grid.slices} · ${sized(bytes)}${tilt}`;
    this.grid.replaceChildren(...this.views.map(({ node }) => node));
    this.crossed();
  }

  private hung(view: View): MprView {
    const { desk } = this;
    const shown: MprView = new MprView(view, desk.detail, desk.unit, {
      tool: desk.tool,
      step: (by) => {
        this.active = view.name;
        this.step(by);
      },
      point: (x, y) => {
        this.cross?.point(view, shown.pixelAt([x, y]));
        this.crossed();
      },
      hover: (x, y) => {
        this.active = view.name;
        shown.hover([x, y]);
      },
      leave: () => shown.hover(null),
      pan: (right, down) => shown.pan(right, down),
      zoom: (factor) => shown.zoom(factor),
      rewindow: (wider, higher) => this.rewindow(wider, higher),
      enlarge: () => this.enlarge(view.name),
      refused: () => this.status('Figures are drawn on the slices, not on reconstructions.'),
    });
    return shown;
  }

  private viewOf(name: Name): MprView | null {
    return this.views.find(({ view }) => view.name === name) ?? null;
  }

  private crossed(): void {
    const thickness = this.mode === 'thin' ? 0 : this.thickness;
    for (const shown of this.views) {
      shown.cross(this.cross?.lines(shown.view, thickness) ?? []);
      void this.renew(shown);
    }
  }

  /** Whatever is asked meanwhile, only the last of it is cut. */
  private async renew(shown: MprView): Promise<void> {
    const { volume } = this;
    const { name } = shown.view;
    if (volume?.made == null || this.busy.get(name)) return;
    this.busy.set(name, true);
    for (;;) {
      const { mode, thickness } = this;
      const asked = { index: this.indexOf(name), mode, thickness, revision: volume.revision };
      const cut = cutOf(volume.made.grid, shown.view, asked.index, thickness, mode);
      const pixels = await volume.cut(cut);
      if (this.volume !== volume) return;
      shown.show(pixels, asked, this.grey);
      if (asked.index === this.indexOf(name) && mode === this.mode && thickness === this.thickness)
        break;
    }
    this.busy.set(name, false);
  }

  private slab(mode: Mode, thickness: number): void {
    this.mode = mode;
    this.thickness = thickness;
    this.crossed();
  }

  private rewindow(wider: number, higher: number): void {
    const { width, centre, inverted } = this.grey;
    const per = Math.max(0.5, width / 300);
    this.colour({
      width: Math.max(1, width + wider * per),
      centre: centre + higher * per,
      inverted,
    });
  }

  private colour(grey: Grey): void {
    this.grey = grey;
    for (const view of this.views) view.colour(grey);
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
    this.renewLater(volume);
  }

  /** Until every view shows all that came. */
  private renewLater(volume: Volume): void {
    if (this.renewal !== 0) return;
    this.renewal = window.setTimeout(() => {
      this.renewal = 0;
      const stale = this.views.filter(({ shown }) => shown?.revision !== volume.revision);
      for (const view of stale) void this.renew(view);
      if (stale.length > 0) this.renewLater(volume);
    }, RENEW_MS);
  }

  private status(note: string): void {
    const { volume, facts } = this;
    const { model } = this.desk.source;
    if (volume === null) return;
    const state = note === '' ? `${stateOf(volume, model)} · ${facts}` : note;
    this.bar.says(state, failuresOf(volume, model));
  }

  private refuse(reason: string): void {
    for (const view of this.views) view.close();
    this.views = [];
    this.bar.says('', '');
    this.card('No reconstruction of this series', reason);
  }

  private card(title: string, sentence: string): void {
    this.grid.replaceChildren(cardOf(title, sentence, () => this.desk.back()));
  }
}
