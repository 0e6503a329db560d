/** The picture with all that lies on it: canvas, words, cover and rail, for one series at a time. */
import { Ahead } from './ahead.ts';
import type { SeriesDetail } from './api.ts';
import { Cover } from './cover.ts';
import { el } from './dom.ts';
import { recognised } from './errors.ts';
import type { Link } from './link.ts';
import { Overlay } from './overlay.ts';
import type { Watch } from './persist.ts';
import { CT_PRESETS } from './presets.ts';
import { Rail } from './rail.ts';
import { install, remove } from './seam.ts';
import { type Slice, sifted } from './series.ts';
import { type Engine, Session } from './session.ts';
import type { Slide } from './slide.ts';
import { isSlide, mayBeSlide } from './slide-level.ts';
import type { Transport } from './transport.ts';
import type { SliceFacts, StackView } from './viewports.ts';

interface Machine {
  readonly engine: Engine;
  readonly view: StackView;
  readonly facts: (imageId: string) => SliceFacts;
}

/** Wheels of trackpads report many small steps; one notch of a mouse is about 100. */
const NOTCH = 40;

/** Cornerstone is 1 MB: only who opens a picture pays for it. */
function parts() {
  return Promise.all([import('./loader.ts'), import('./viewports.ts'), import('./tools.ts')]);
}

/** Brings the parts here while the lists are still under way; a failure is met again when it matters. */
export function warm(): void {
  parts().catch(recognised);
}

/** Fires `opened` for each series, `wanted` and `shown` for slices, `progress` when a count moves, `cine`. */
export class Stage extends EventTarget {
  readonly node: HTMLElement;
  session: Session | null = null;
  slide: Slide | null = null;
  private readonly element = el('div', { class: 'canvas' });
  private readonly overlay = new Overlay();
  private readonly cover: Cover;
  private readonly rail: Rail;
  private machine: Machine | null = null;
  private view: StackView | null = null;
  private facts: SliceFacts | null = null;
  private readFacts: Machine['facts'] | null = null;
  private turned = 0;

  constructor(
    private readonly transport: Transport,
    private readonly link: Link,
  ) {
    super();
    this.cover = new Cover({
      retry: () => (this.slide === null ? void this.session?.retryAll() : this.slide.retry()),
      rendered: () => void this.session?.rendered(),
    });
    this.rail = new Rail((index) => void this.session?.navigation.show(index));
    const picture = el(
      'div',
      { class: 'picture' },
      this.element,
      this.overlay.node,
      this.cover.node,
    );
    this.node = el('div', { class: 'stage' }, picture, this.rail.node);
    picture.addEventListener('wheel', (event) => this.wheeled(event), { passive: false });
    picture.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  async open(detail: SeriesDetail, watch: Watch): Promise<void> {
    this.close();
    this.cover.message('Loading the viewer', '');
    const ahead = this.ahead(detail, watch);
    const { engine, view, facts } = await this.engine(watch);
    watch.signal.throwIfAborted();
    if (mayBeSlide(detail) && (await isSlide(this.transport, detail, watch)))
      return this.openSlide(detail, watch, engine);
    watch.signal.throwIfAborted();
    this.readFacts = facts;
    this.view = view;
    const { transport, link, cover } = this;
    const desk = { transport, link, engine, view, cover, ahead };
    const session = new Session(detail, desk);
    this.session = session;
    this.listen(session);
    this.rail.open(session.model);
    install(session, view, this.cover);
    this.dispatchEvent(new Event('opened'));
    this.dispatchEvent(new Event('progress'));
    await session.start();
  }

  /** The engine takes as long to start as the first file to come: they do both at once. */
  private ahead(detail: SeriesDetail, { signal }: Watch): Ahead | null {
    const [first] = sifted(detail).good;
    if (this.machine !== null || first === undefined || mayBeSlide(detail)) return null;
    const ahead = new Ahead(this.transport, first);
    signal.addEventListener('abort', () => ahead.close(), { once: true });
    return ahead;
  }

  /** A picture with many tiles, which no stack of slices could show. */
  private async openSlide(detail: SeriesDetail, watch: Watch, engine: Engine): Promise<void> {
    const load = () => Promise.all([import('./slide.ts'), import('./slide-seam.ts')]);
    const [{ Slide }, seam] = await this.transport.stubbornly(watch, load);
    watch.signal.throwIfAborted();
    const { transport, link, cover, overlay } = this;
    const slide = new Slide(detail, {
      transport,
      link,
      cover,
      overlay,
      decode: engine.decodeFrame,
    });
    this.slide = slide;
    this.element.after(slide.node);
    this.rail.node.hidden = true;
    slide.addEventListener('change', () => this.dispatchEvent(new Event('progress')));
    seam.install(slide, cover);
    this.dispatchEvent(new Event('opened'));
    this.dispatchEvent(new Event('wanted'));
    await slide.start();
    if (this.slide === slide) this.dispatchEvent(new Event('shown'));
  }

  close(): void {
    this.slide?.close();
    this.slide = null;
    delete window.__pacsSlide;
    this.rail.node.hidden = false;
    this.session?.close();
    this.session = null;
    this.facts = null;
    this.overlay.hide();
    this.cover.loading('');
    this.dispatchEvent(new Event('wanted'));
    remove();
  }

  message(title: string, sentence: string): void {
    this.cover.message(title, sentence);
  }

  waiting(title: string, reason: string): void {
    this.cover.waiting(title, reason);
  }

  /** The slice asked for: on screen, on its way, or a placeholder. */
  get wanted(): Slice | null {
    return this.session?.wanted ?? null;
  }

  step(by: number): void {
    this.session?.cine.stop();
    void this.session?.navigation.step(by);
  }

  /** True when the key means something to what is open. */
  key(event: KeyboardEvent): boolean {
    return this.slide?.key(event) ?? false;
  }

  /** -1 is the window stored in the image. */
  preset(index: number): void {
    const preset = CT_PRESETS[index];
    if (preset === undefined) this.view?.storedWindow();
    else this.view?.setWindow(preset.width, preset.centre);
  }

  invert(): void {
    if (this.slide === null) this.view?.toggleInvert();
    else this.slide.invert();
  }

  reset(): void {
    if (this.slide === null) this.view?.reset();
    else this.slide.reset();
  }

  zoom(factor: number): void {
    if (this.slide === null) this.view?.zoomBy(factor);
    else this.slide.zoom(factor);
  }

  /** The link may drop while it is loaded. */
  private async engine(watch: Watch): Promise<Machine> {
    return this.machine ?? this.transport.stubbornly(watch, () => this.started());
  }

  private async started(): Promise<Machine> {
    const [engine, viewports, tools] = await parts();
    // Two openings may race for the engine; it starts once.
    if (this.machine !== null) return this.machine;
    engine.startEngine();
    tools.startTools();
    const view = new viewports.StackView(this.element);
    this.machine = { engine, view, facts: viewports.sliceFacts };
    tools.bindTools(viewports.VIEWPORT_ID, viewports.ENGINE_ID);
    view.addEventListener('view', () => this.viewMoved());
    view.addEventListener('lost', () => this.session?.navigation.blind());
    view.addEventListener('restored', () => void this.session?.navigation.retry());
    return this.machine;
  }

  private listen(session: Session): void {
    session.navigation.addEventListener('shown', () => this.shownChanged(session));
    session.navigation.addEventListener('wanted', () => this.wantedChanged(session));
    session.model.addEventListener('change', () => this.dispatchEvent(new Event('progress')));
    session.cine.addEventListener('change', () => this.dispatchEvent(new Event('cine')));
  }

  private wantedChanged(session: Session): void {
    this.rail.at(session.navigation.wanted);
    this.dispatchEvent(new Event('wanted'));
  }

  private shownChanged(session: Session): void {
    const { shown } = session.navigation;
    if (shown === null || this.view === null || this.readFacts === null) {
      this.facts = null;
      this.overlay.hide();
    } else {
      const first = this.facts === null;
      this.facts = this.readFacts(shown.imageId);
      this.overlay.show(session.model, shown, this.facts, this.view.view());
      if (first && !session.cine.playing) session.cine.setRate(this.facts.framesPerSecond);
      this.dispatchEvent(new Event('shown'));
    }
  }

  private viewMoved(): void {
    if (this.facts !== null && this.view !== null) this.overlay.view(this.view.view(), this.facts);
  }

  private wheeled(event: WheelEvent): void {
    event.preventDefault();
    if (this.slide !== null) return;
    this.turned +=
      event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * NOTCH : event.deltaY;
    const steps = Math.trunc(this.turned / NOTCH);
    if (steps === 0) return;
    this.turned = 0;
    this.step(Math.sign(steps));
  }
}
