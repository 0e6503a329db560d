/** What hangs in a viewport, whichever kind it is of, and what is done to it by hand. */
import type { Instance } from './api.ts';
import { el } from './dom.ts';
import type { SliceFacts, View } from './facts.ts';
import type { Contents } from './formats/contents.ts';
import type { Papers } from './formats/papers.ts';
import type { Mpr } from './mpr.ts';
import { CT_PRESETS, TABLE } from './presets.ts';
import type { Slice } from './series.ts';
import type { Session } from './session.ts';
import type { Slide } from './slide.ts';
import type { StackView } from './viewports.ts';

/** What the next series is to begin with. */
export interface Landing {
  readonly imageId?: string;
  readonly sopUid?: string | null;
  readonly layer?: Contents;
}

/** While slices stream in, they are counted so often. */
const TELL_MS = 100;

export class Hung extends EventTarget {
  session: Session | null = null;
  slide: Slide | null = null;
  papers: Papers | null = null;
  facts: SliceFacts | null = null;
  view: StackView | null = null;
  /** Planes through the series, over its slices. */
  mpr: Mpr | null = null;
  landing: Landing = {};
  protected readonly element = el('div', { class: 'canvas' });
  private telling = 0;

  /** The slice asked for: on screen, on its way, or a placeholder. */
  get wanted(): Slice | null {
    return this.session?.wanted ?? null;
  }

  /** The object asked for, whatever it is. */
  get instance(): Instance | null {
    return this.papers?.wanted ?? this.wanted?.instance ?? null;
  }

  /** How the proven picture lies on the screen; null while there is none. */
  get shown(): { slice: Slice; facts: SliceFacts; view: View } | null {
    const slice = this.session?.navigation.shown ?? null;
    if (slice === null || this.facts === null || this.view === null || this.mpr !== null)
      return null;
    const { facts, view } = this;
    return {
      slice,
      facts,
      // Most who ask want to know which slice it is; how it lies is found out from the camera.
      get view() {
        return view.view();
      },
    };
  }

  step(by: number): void {
    this.papers?.step(by);
    this.session?.cine.stop();
    if (this.mpr !== null) this.mpr.step(by);
    else void this.session?.navigation.step(by);
    this.tell('stepped');
  }

  protected retry(): void {
    if (this.slide !== null) this.slide.retry();
    else if (this.papers !== null) this.papers.retry();
    else void this.session?.retryAll();
  }

  /** The height of the picture for the whole series, but no jumps and no crawl. */
  protected stride(): number {
    const slices = this.session?.model.slices.length ?? 1;
    return Math.min(24, Math.max(4, this.element.clientHeight / slices));
  }

  /** By its number, STORED or TABLE. */
  preset(index: number): void {
    const preset = CT_PRESETS[index] ?? this.mpr?.desk.grey;
    if (preset !== undefined) this.setWindow(preset.width, preset.centre);
    else if (index === TABLE) this.view?.tabled();
    else this.view?.storedWindow();
  }

  /** Of the slices or the planes on screen; null while there are none. */
  get window(): Pick<View, 'width' | 'centre'> | null {
    return this.mpr?.grey ?? this.shown?.view ?? null;
  }

  setWindow(width: number, centre: number): void {
    if (this.mpr === null) this.view?.setWindow(width, centre);
    else this.mpr.colour({ ...this.mpr.grey, width, centre });
  }

  invert(): void {
    const above = this.mpr ?? this.slide;
    if (above === null) this.view?.toggleInvert();
    else above.invert();
  }

  reset(): void {
    const above = this.mpr ?? this.slide;
    if (above === null) this.view?.reset();
    else above.reset();
  }

  zoom(factor: number): void {
    const above = this.mpr ?? this.slide;
    if (above === null) this.view?.zoomBy(factor);
    else above.zoom(factor);
  }

  /** Each telling is heard by many; the end is told at once. */
  protected progressed(isOver: boolean): void {
    if (!isOver) {
      this.telling ||= window.setTimeout(() => this.counted(), TELL_MS);
      return;
    }
    clearTimeout(this.telling);
    this.counted();
  }

  private counted(): void {
    this.telling = 0;
    this.tell('progress');
  }

  protected tell(what: string): void {
    this.dispatchEvent(new Event(what));
  }
}
