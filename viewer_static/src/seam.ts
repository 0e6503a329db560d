/** `window.__pacsProxy`: what is really on screen, for tests that compare pixels with the archive's. */
import type { Reading } from './figures/figure.ts';
import type { Mark } from './figures/mark.ts';
import { md5 } from './md5.ts';
import type { Pane } from './pane.ts';
import type { Counts } from './series.ts';
import type { Stage } from './stage.ts';
import type { Values } from './viewports.ts';

export interface DrawnPixels {
  readonly imageId: string;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly md5: string;
}

export interface PaneState {
  readonly series: string;
  readonly cover: string;
  readonly imageId: string | null;
  readonly active: boolean;
}

export interface Seam {
  /** The wanted picture, once the reader can see it; null while it is covered or still to come. */
  imageId(): string | null;
  /** Whatever picture the reader can see now: for a frame or two, the one before. */
  seen(): string | null;
  /** The values that picture was made of (after rescale), or null. */
  pixels(): DrawnPixels | null;
  /** off, loading, waiting, failed or rendered. */
  cover(): string;
  wanted(): number;
  counts(): Counts | null;
  failures(): readonly number[];
  show(index: number): Promise<void>;
  /** Every viewport, in reading order. */
  panes(): PaneState[];
  /** The active viewport is another one from here on. */
  activate(index: number): void;
  /** All figures with their numbers, oldest first. */
  marks(): (Mark & { readonly reading: Reading })[];
  /** Window coordinates of a pixel of the picture on screen. */
  placed(column: number, row: number): [number, number];
  /** Whether the tools have come, a moment after the first picture. */
  isEquipped(): boolean;
  /** Bytes that decoded pictures take, and may take. */
  memory(): { held: number; limit: number } | null;
  window(): { width: number; centre: number; inverted: boolean } | null;
}

declare global {
  interface Window {
    __pacsProxy?: Seam;
    /** Of objects that are no pictures. */
    __pacsPapers?: { state(): string; text(): string };
  }
}

function summary(imageId: string, values: Values): DrawnPixels {
  let sum = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { imageId, count: values.length, sum, min, max, md5: md5(bytes) };
}

/** Uncovered, and the canvas holds what the labels name. */
function visible({ cover, view, session }: Pane) {
  const held = cover.state === 'off' ? (view?.canvasHolds() ?? null) : null;
  return held?.imageId === session?.navigation.shown?.imageId ? held : null;
}

function arrived(pane: Pane) {
  const navigation = pane.session?.navigation;
  return navigation?.shown?.index === navigation?.wanted ? visible(pane) : null;
}

function placed({ active }: Stage, column: number, row: number): [number, number] {
  const { shown, view, node } = active;
  const box = node.getBoundingClientRect();
  const [x, y] = view?.placed(shown?.slice.imageId ?? '', [column, row]) ?? [0, 0];
  return [box.left + x, box.top + y];
}

/** For what is open in the active pane: a stack of slices, or a slide. */
export function install(stage: Stage): void {
  remove();
  const { active } = stage;
  if (active.slide !== null) {
    const { slide, cover } = active;
    void import('./slide-seam.ts').then((seam) => seam.install(slide, cover));
  }
  const { session, papers } = active;
  if (papers !== null)
    window.__pacsPapers = { state: () => papers.state, text: () => papers.node.innerText };
  if (session === null) return;
  window.__pacsProxy = {
    imageId: () => arrived(active)?.imageId ?? null,
    seen: () => visible(active)?.imageId ?? null,
    pixels: () => {
      const held = arrived(active);
      return held === null ? null : summary(held.imageId, held.values);
    },
    cover: () => active.cover.state,
    wanted: () => session.navigation.wanted,
    counts: () => session.model.counts,
    failures: () => session.model.failures,
    show: (index) => session.navigation.show(index),
    panes: () =>
      stage.panes.map((pane) => ({
        series: pane.seriesId,
        cover: pane.cover.state,
        imageId: arrived(pane)?.imageId ?? null,
        active: pane === stage.active,
      })),
    activate: (index) => stage.activate(stage.panes[index] ?? active),
    marks: () => {
      const { marks, readingOf } = stage.tools?.marks ?? {};
      if (marks === undefined || readingOf === undefined) return [];
      return marks().map((mark) => ({ ...mark, reading: readingOf(mark) }));
    },
    placed: (column, row) => placed(stage, column, row),
    isEquipped: () => stage.tools !== null,
    memory: () => stage.machine?.engine.memory() ?? null,
    window: () => active.shown?.view ?? null,
  };
}

export function remove(): void {
  delete window.__pacsProxy;
  delete window.__pacsSlide;
  delete window.__pacsPapers;
}
