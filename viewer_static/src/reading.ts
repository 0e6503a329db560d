/** The reading page while it opens: pictures come first, all that stands around them a moment later. */
import { wallClock } from './clock.ts';
import { el } from './dom.ts';
import { drawingOf } from './drawing.ts';
import { mapOf } from './formats/study-map.ts';
import type { Bare, ReaderDeps } from './furniture.ts';
import { GlassBanner } from './glass.ts';
import { LikedLayouts } from './layout.ts';
import { warm } from './machine.ts';
import { pictureLimit } from './memory.ts';
import { Opening } from './opening.ts';
import { isQuickLookOn } from './quick-look.ts';
import { Reader } from './reader.ts';
import { Stage } from './stage.ts';

/** Bars and lists do not wait for a picture that does not come. */
const PATIENCE_MS = 1_500;

export class Reading {
  readonly node: HTMLElement;
  /** What is to be known all the time while a study is open. */
  readonly notices = el('div', { class: 'notices' });
  private readonly glass = new GlassBanner(
    wallClock,
    () => this.outOfReach(),
    (study) =>
      this.deps.transport.change(
        'POST',
        'api/glass/end',
        { study },
        { signal: new AbortController().signal },
      ),
  );
  private readonly bare: Bare;
  private reader: Reader | null = null;
  private waiting = 0;

  constructor(private readonly deps: ReaderDeps) {
    const { transport, link } = deps;
    const stage = new Stage({
      transport,
      link,
      memory: () => pictureLimit(deps.preferences),
      drawing: () => drawingOf(deps.preferences),
      quickLook: () => isQuickLookOn(deps.preferences),
      ask: (written) => this.furnished().ask(written),
      dropped: (pane, id) => this.furnished().place(pane, id),
      map: (pane) =>
        mapOf(
          () => opening.study?.series ?? [],
          (seriesId, sopUid, layer) => {
            pane.landing = { sopUid, ...(layer === undefined ? {} : { layer }) };
            this.furnished().place(pane, seriesId);
          },
        ),
    });
    const liked = new LikedLayouts(deps.preferences);
    const opening = new Opening({ transport, link, stage, liked: (study) => liked.of(study) });
    const bar = el('header', { class: 'toolbar' });
    const strip = el('nav', { class: 'strip' });
    const status = el('footer', { class: 'status' });
    const desk = el('div', { class: 'desk' }, strip, stage.node);
    this.node = el('main', { class: 'reader' }, this.notices, bar, desk, status);
    this.bare = { stage, opening, liked, page: this.node, bar, strip, desk, status };
    stage.addEventListener('shown', () => this.shown());
    this.notices.append(this.glass.node);
    opening.addEventListener('study', () => this.glass.show(opening.study));
  }

  /** Opens the series, or the study's first one. */
  async open(studyId: string, seriesId: string | null): Promise<void> {
    warm();
    if (this.reader === null && this.waiting === 0)
      this.waiting = window.setTimeout(() => this.furnished(), PATIENCE_MS);
    await this.bare.opening.open(studyId, seriesId);
  }

  close(): void {
    clearTimeout(this.waiting);
    this.waiting = 0;
    this.glass.close();
    if (this.reader === null) this.bare.opening.close();
    else this.reader.close();
  }

  key(event: KeyboardEvent): void {
    this.furnished().key(event);
  }

  private outOfReach(): void {
    const said = () =>
      this.deps.toasts.say('glass', 'warn', 'The emergency access to the study has ended.');
    // After the page has turned, which clears what was said on the one before.
    window.addEventListener('hashchange', said, { once: true });
    this.deps.back();
  }

  /** The picture is painted before anything else is made. */
  private shown(): void {
    const { shown, papers } = this.bare.stage.active;
    if (this.reader === null && (shown !== null || papers !== null))
      requestAnimationFrame(() => setTimeout(() => this.furnished()));
  }

  private furnished(): Reader {
    clearTimeout(this.waiting);
    this.reader ??= new Reader(this.deps, this.bare);
    return this.reader;
  }
}
