/** The reading room's wall: one to nine viewports, one of them active. */
import type { SeriesDetail } from './api.ts';
import { Budget, FEW, SLOTS } from './budget.ts';
import { el, set } from './dom.ts';
import type { Drawing } from './drawing.ts';
import type { StudyMap } from './formats/study-map.ts';
import type { Layout } from './layout.ts';
import type { Link } from './link.ts';
import { type Machine, MachineRoom, type Toolbox } from './machine.ts';
import { type Planes, planesOf } from './mpr-door.ts';
import type { Shelf } from './mpr-marks.ts';
import { Pane, type PaneDeps } from './pane.ts';
import type { Watch } from './persist.ts';
import { install, remove } from './seam.ts';
import type { Session } from './session.ts';
import type { Slide } from './slide.ts';
import type { ToolId } from './toolkit.ts';
import type { Transport } from './transport.ts';

/** What the active pane says is said again here. */
const RELAYED = ['opened', 'wanted', 'shown', 'progress', 'cine'] as const;

export const DRAG_TYPE = 'application/x-pacs-series';

export interface StageDeps {
  readonly transport: Transport;
  readonly link: Link;
  readonly ask: (written: string) => Promise<string>;
  /** MiB that decoded pictures may take. */
  readonly memory: () => number;
  readonly drawing: () => Drawing;
  /** Whether a preview may come before a picture that takes long. */
  readonly quickLook: () => boolean;
  /** A series was dropped into a pane. */
  readonly dropped: (pane: Pane, seriesId: string) => void;
  /** Where things are that an object in this pane names. */
  readonly map: (pane: Pane) => StudyMap;
}

/** Fires what panes fire for the active one, `active` when another is, `laid` after a new layout, `tools` when they are there. */
export class Stage extends EventTarget {
  readonly node = el('div', { class: 'stage' });
  layout: Layout = { rows: 1, columns: 1 };
  panes: readonly Pane[] = [];
  active: Pane;
  /** A finger scrolls; a mouse has a wheel for that. */
  tool: ToolId = matchMedia('(pointer: coarse)').matches ? 'scroll' : 'window';
  private readonly paneDeps: PaneDeps;
  private readonly room: MachineRoom;
  /** Figures on planes go with the study. */
  private readonly shelf: Shelf = new Map();
  private made = 0;
  /** What the left button did before it moved a crosshair. */
  private resting: ToolId | null = null;

  constructor(private readonly deps: StageDeps) {
    super();
    const { transport, link, map, quickLook } = deps;
    this.room = new MachineRoom(transport, deps, () => this.equipped());
    this.paneDeps = {
      transport,
      link,
      room: this.room,
      budget: new Budget(() => (transport.goodput.isNarrow ? FEW : SLOTS)),
      shelf: this.shelf,
      map,
      quickLook,
    };
    this.active = this.hung();
    this.panes = [this.active];
    this.arrange();
  }

  get machine(): Machine | null {
    return this.room.machine;
  }

  get tools(): Toolbox | null {
    return this.room.tools;
  }

  get session(): Session | null {
    return this.active.session;
  }

  /** Whether the active series can be reconstructed. */
  get planes(): Planes {
    return planesOf(this.active, (imageId) => this.machine?.planes.rawOf(imageId) ?? {});
  }

  get slide(): Slide | null {
    return this.active.slide;
  }

  open(detail: SeriesDetail, watch: Watch): Promise<void> {
    return this.active.open(detail, watch);
  }

  /** Series that no longer fit are left; new panes are empty. */
  lay(layout: Layout): void {
    const count = layout.rows * layout.columns;
    const kept = this.panes.slice(0, count);
    if (!kept.includes(this.active)) kept[kept.length - 1] = this.active;
    for (const pane of this.panes) if (!kept.includes(pane)) pane.dispose();
    while (kept.length < count) kept.push(this.hung());
    this.layout = layout;
    this.panes = kept;
    this.arrange();
    this.dispatchEvent(new Event('laid'));
  }

  activate(pane: Pane): void {
    if (pane === this.active) return;
    this.active = pane;
    this.marked();
    this.seam();
    for (const what of ['active', ...RELAYED]) this.dispatchEvent(new Event(what));
  }

  /** For listeners that came late. */
  again(): void {
    if (this.tools !== null) this.dispatchEvent(new Event('tools'));
    for (const what of RELAYED) this.dispatchEvent(new Event(what));
    for (const detail of this.panes)
      this.dispatchEvent(new CustomEvent('pane-progress', { detail }));
  }

  /** The pane before or after the active one. */
  neighbour(by: 1 | -1): void {
    const at = this.panes.indexOf(this.active) + by;
    const next = this.panes.at(at % this.panes.length);
    if (next !== undefined) this.activate(next);
  }

  choose(tool: ToolId): void {
    this.tool = tool;
    this.tools?.group.choose(tool);
    this.dispatchEvent(new Event('tool'));
  }

  close(): void {
    for (const pane of this.panes) pane.close();
    this.shelf.clear();
    remove();
  }

  step(by: number): void {
    this.active.step(by);
  }

  /** True when the key means something to what is open. */
  key(event: KeyboardEvent): boolean {
    return (this.active.mpr ?? this.slide)?.key(event) ?? false;
  }

  /** To three planes through the active series, or back to its slices; the crosshair is what they are for. */
  async reconstruct(): Promise<void> {
    const { active } = this;
    const isThere = active.mpr !== null;
    if (isThere) active.toSlices();
    else await active.reconstruct();
    if (active.mpr === null) return;
    this.resting ??= this.tool;
    this.choose('cross');
  }

  private equipped(): void {
    this.tools?.group.choose(this.tool);
    this.dispatchEvent(new Event('tools'));
  }

  private hung(): Pane {
    this.made += 1;
    const pane = new Pane(`pane-${this.made}`, this.paneDeps, () => this.tool);
    pane.addEventListener('progress', () =>
      this.dispatchEvent(new CustomEvent('pane-progress', { detail: pane })),
    );
    pane.addEventListener('pointed', (event) =>
      this.dispatchEvent(
        new CustomEvent('pointed', { detail: { pane, at: (event as CustomEvent).detail } }),
      ),
    );
    for (const what of RELAYED)
      pane.addEventListener(what, () => {
        if (pane === this.active) this.dispatchEvent(new Event(what));
      });
    pane.addEventListener('shown', () => {
      // Painted first.
      if (this.tools === null && pane.shown !== null)
        requestAnimationFrame(() => setTimeout(() => this.room.equip()));
    });
    pane.addEventListener('shown', () => this.rested());
    pane.addEventListener('opened', () => this.seam());
    pane.addEventListener('closed', () => this.seam());
    pane.node.addEventListener('pointerdown', () => this.activate(pane), { capture: true });
    this.accepts(pane);
    return pane;
  }

  private rested(): void {
    if (this.resting === null || this.panes.some(({ mpr }) => mpr !== null)) return;
    if (this.tool === 'cross') this.choose(this.resting);
    this.resting = null;
  }

  private accepts(pane: Pane): void {
    const { node } = pane;
    const over = (is: boolean) => set(node, 'data-over', is ? 'true' : null);
    node.addEventListener('dragover', (event) => {
      if (!event.dataTransfer?.types.includes(DRAG_TYPE)) return;
      event.preventDefault();
      over(true);
    });
    node.addEventListener('dragleave', () => over(false));
    node.addEventListener('drop', (event) => {
      over(false);
      const seriesId = event.dataTransfer?.getData(DRAG_TYPE) ?? '';
      if (seriesId === '') return;
      event.preventDefault();
      this.deps.dropped(pane, seriesId);
    });
  }

  private arrange(): void {
    const { rows, columns } = this.layout;
    this.node.style.setProperty('--rows', String(rows));
    this.node.style.setProperty('--columns', String(columns));
    for (const { node } of [...this.panes].reverse()) this.node.prepend(node);
    for (const node of [...this.node.children])
      if (!this.panes.some((pane) => pane.node === node)) node.remove();
    for (const pane of this.panes)
      if (pane.seriesId === '') pane.message('', 'Drag a series here, or press its tile.');
    this.marked();
  }

  private marked(): void {
    const isOnly = this.panes.length === 1;
    this.panes.forEach((pane, index) => {
      set(pane.node, 'aria-label', `Viewport ${index + 1} of ${this.panes.length}`);
      set(pane.node, 'data-active', pane === this.active && !isOnly ? 'true' : null);
    });
  }

  private seam(): void {
    install(this);
  }
}
