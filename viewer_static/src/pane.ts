/** One viewport with all that lies on it: canvas, words, cover and rail, for one series at a time. */
import { aheadOf } from './ahead.ts';
import type { SeriesDetail } from './api.ts';
import type { Budget } from './budget.ts';
import { Cover } from './cover.ts';
import { el } from './dom.ts';
import { recognised } from './errors.ts';
import { factsOf } from './facts.ts';
import { type Host, hungLayers, hungPapers, isOnlyNoPicture } from './formats/host.ts';
import { mayBePapers } from './formats/kinds.ts';
import type { Layers } from './formats/layers.ts';
import type { StudyMap } from './formats/study-map.ts';
import { Hand } from './hand.ts';
import { Hung } from './hung.ts';
import type { Link } from './link.ts';
import type { Machine, MachineRoom } from './machine.ts';
import type { Shelf } from './mpr-marks.ts';
import { Overlay } from './overlay.ts';
import type { Watch } from './persist.ts';
import { Rail } from './rail.ts';
import { Session } from './session.ts';
import { isSlide, mayBeSlide } from './slide-level.ts';
import type { ToolId } from './toolkit.ts';
import type { Transport } from './transport.ts';
import type { StackView } from './viewports.ts';
import { Wheel } from './wheel.ts';

export interface PaneDeps {
  readonly transport: Transport;
  readonly link: Link;
  readonly room: MachineRoom;
  readonly budget: Budget;
  readonly shelf: Shelf;
  readonly map: (pane: Pane) => StudyMap;
  readonly quickLook: () => boolean;
}

/** Fires `opened`, `closed`, `wanted` and `shown` for slices, `progress`, `cine`, `view`, `stepped`. */
export class Pane extends Hung {
  readonly node: HTMLElement;
  readonly cover: Cover;
  private layers: Layers | null = null;
  /** Archive identifier of the series that is open, or about to be. */
  seriesId = '';
  readonly overlay = new Overlay();
  private readonly rail: Rail;
  private wantedIndex = 0;

  constructor(
    readonly id: string,
    private readonly deps: PaneDeps,
    private readonly tool: () => ToolId,
  ) {
    super();
    this.cover = new Cover({
      retry: () => this.retry(),
      rendered: () => void this.session?.rendered(),
      direct: () => void this.session?.direct(),
    });
    this.rail = new Rail((index) => void this.session?.navigation.show(index));
    const picture = el(
      'div',
      { class: 'picture' },
      this.element,
      this.overlay.node,
      this.cover.node,
    );
    this.node = el('section', { class: 'pane', 'data-pane': id }, picture, this.rail.node);
    const wheel = new Wheel((steps) => this.step(steps));
    picture.addEventListener('wheel', (event) => wheel.turned(event, this.slide !== null), {
      passive: false,
    });
    new Hand(picture, {
      tool,
      step: (by) => this.step(by),
      point: (x, y) => this.dispatchEvent(new CustomEvent('pointed', { detail: [x, y] })),
      stride: () => this.stride(),
    });
    picture.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  async open(detail: SeriesDetail, watch: Watch): Promise<void> {
    this.close();
    this.seriesId = detail.id;
    this.cover.message('Loading the viewer', '');
    if (mayBePapers(detail) && (await this.openPapers(detail, watch))) return;
    watch.signal.throwIfAborted();
    await this.openPictures(detail, watch);
  }

  private async openPictures(detail: SeriesDetail, watch: Watch): Promise<void> {
    const ahead = aheadOf(this.deps, detail, watch);
    const machine = await this.deps.room.started(watch);
    watch.signal.throwIfAborted();
    if (mayBeSlide(detail) && (await isSlide(this.deps.transport, detail, watch)))
      return this.openSlide(detail, watch, machine);
    watch.signal.throwIfAborted();
    const { transport, link, budget, quickLook } = this.deps;
    const view = this.viewed(machine);
    const { cover } = this;
    const desk = { transport, link, engine: machine.engine, view, cover, budget, ahead, quickLook };
    const session = new Session(detail, desk);
    this.session = session;
    this.listen(session);
    this.rail.open(session.model);
    this.tell('opened');
    this.tell('progress');
    const { layer } = this.landing;
    const first = this.landed(session);
    await session.start(first);
    if (this.session !== session) return;
    if (isOnlyNoPicture(session)) return void (await this.openPapers(detail, watch));
    // Something is on screen: waiting for more is no reason to cover it.
    const { signal } = watch;
    const layers = await hungLayers(this.host, this, session, machine, layer, { signal });
    if (this.session === session) this.layers = layers;
    else layers?.close();
    this.mpr?.layered();
  }

  private landed({ model }: Session): number {
    const { imageId = '', sopUid = null } = this.landing;
    this.landing = {};
    const named = model.slices.find(({ instance }) => instance.sop_uid === sopUid);
    return (model.slice(imageId) ?? named)?.index ?? 0;
  }

  close(): void {
    this.toSlices();
    this.slide?.close();
    this.slide = null;
    this.papers?.close();
    this.papers = null;
    this.layers?.close();
    this.layers = null;
    this.seriesId = '';
    this.rail.node.hidden = false;
    this.session?.close();
    this.session = null;
    this.facts = null;
    this.overlay.hide();
    this.cover.loading('');
    this.tell('closed');
    this.tell('wanted');
  }

  /** Gone from the layout for good. */
  dispose(): void {
    this.close();
    this.view?.dispose();
    this.view = null;
  }

  message(title: string, sentence: string): void {
    this.cover.message(title, sentence);
  }

  /** To planes through the series; they begin with the picture on screen. */
  async reconstruct(): Promise<void> {
    const { session, shown, tool, deps } = this;
    const { machine } = deps.room;
    if (session === null || shown === null || machine === null) return;
    const door = () => import('./mpr-door.ts');
    const { planes } = await deps.transport.stubbornly(session.watching, door);
    const back = () => this.toSlices();
    const layers = () => this.layers;
    const coloured = () => this.tell('view');
    const mpr = await planes({ ...deps, session, machine, shown, tool, back, coloured, layers });
    if (this.session !== session || this.mpr !== null) return;
    session.cine.stop();
    this.mpr = mpr;
    this.cover.node.after(mpr.node);
    mpr.start();
    this.covered();
  }

  toSlices(): void {
    if (this.mpr === null) return;
    this.mpr.close();
    this.mpr = null;
    this.covered();
  }

  private covered(): void {
    this.rail.node.hidden = this.mpr !== null;
    this.tell('shown');
  }

  /** Objects that are no pictures; false when they turn out to be some. */
  private async openPapers(detail: SeriesDetail, watch: Watch): Promise<boolean> {
    const pictures = () => {
      this.left(detail.id);
      void this.openPictures(detail, watch).catch(recognised);
    };
    const papers = await hungPapers(this.host, detail, watch, pictures);
    this.session?.close();
    this.session = null;
    this.papers = papers;
    this.rail.node.hidden = true;
    papers.addEventListener('change', () => {
      this.tell('progress');
      this.tell('wanted');
    });
    this.tell('opened');
    const isPaper = await papers.start();
    if (!isPaper && this.papers === papers) this.left(detail.id);
    if (isPaper && this.papers === papers) {
      this.landing = {};
      this.tell('shown');
    }
    return isPaper;
  }

  private get host(): Host {
    const { transport, link, map } = this.deps;
    const { cover, overlay, element } = this;
    return { transport, link, cover, overlay, element, map: map(this) };
  }

  private left(seriesId: string): void {
    this.close();
    this.seriesId = seriesId;
  }

  /** A picture with many tiles, which no stack of slices could show. */
  private async openSlide(detail: SeriesDetail, watch: Watch, machine: Machine): Promise<void> {
    const { transport, link } = this.deps;
    const { Slide } = await transport.stubbornly(watch, () => import('./slide.ts'));
    watch.signal.throwIfAborted();
    const { cover, overlay } = this;
    const decode = machine.engine.decodeFrame;
    const slide = new Slide(detail, { transport, link, cover, overlay, decode });
    this.slide = slide;
    this.element.after(slide.node);
    this.rail.node.hidden = true;
    slide.addEventListener('change', () => this.tell('progress'));
    this.tell('opened');
    this.tell('wanted');
    await slide.start();
    if (this.slide === slide) this.tell('shown');
  }

  private viewed(machine: Machine): StackView {
    if (this.view !== null) return this.view;
    const view = new machine.viewports.StackView(this.id, this.element);
    this.deps.room.tools?.group.bindTools(this.id, machine.viewports.ENGINE_ID);
    view.addEventListener('view', () => this.viewMoved());
    view.addEventListener('lost', () => this.session?.navigation.blind());
    view.addEventListener('restored', () => void this.session?.navigation.retry());
    this.view = view;
    return view;
  }

  private listen(session: Session): void {
    session.navigation.addEventListener('shown', () => this.shownChanged(session));
    session.navigation.addEventListener('wanted', () => this.wantedChanged(session));
    session.model.addEventListener('change', () => this.progressed(session.model.isOver));
    session.cine.addEventListener('change', () => this.tell('cine'));
  }

  private wantedChanged(session: Session): void {
    const { wanted } = session.navigation;
    // Somebody asks for a slice, such as the list of figures: it is not to stay hidden.
    if (this.wantedIndex !== wanted) this.toSlices();
    this.wantedIndex = wanted;
    this.rail.at(wanted);
    this.tell('wanted');
  }

  private shownChanged(session: Session): void {
    const { shown } = session.navigation;
    const { machine } = this.deps.room;
    if (shown === null || this.view === null || machine === null) {
      this.facts = null;
      this.overlay.hide();
      this.tell('shown');
      return;
    }
    const first = this.facts === null;
    this.facts = factsOf(machine.planes.rawOf(shown.imageId));
    this.overlay.show(session.model, shown, this.facts, this.view.view());
    if (first && !session.cine.playing) session.cine.suggest(this.facts.framesPerSecond);
    this.tell('shown');
  }

  private viewMoved(): void {
    if (this.facts === null || this.view === null) return;
    this.overlay.view(this.view.view(), this.facts);
    this.tell('view');
  }
}
