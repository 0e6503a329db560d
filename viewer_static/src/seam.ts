/** `window.__pacsProxy`: what is really on screen, for tests that compare pixels with the archive's. */
import { md5 } from './md5.ts';
import type { Counts } from './series.ts';
import type { Session } from './session.ts';
import type { StackView, Values } from './viewports.ts';

export interface DrawnPixels {
  readonly imageId: string;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly md5: string;
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
}

declare global {
  interface Window {
    __pacsProxy?: Seam;
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

export function install(
  session: Session,
  view: Pick<StackView, 'canvasHolds'>,
  cover: { readonly state: string },
): void {
  /** Uncovered, and the canvas holds what the labels name. */
  const visible = () => {
    const held = cover.state === 'off' ? view.canvasHolds() : null;
    return held?.imageId === session.navigation.shown?.imageId ? held : null;
  };
  const arrived = () => {
    const { shown, wanted } = session.navigation;
    return shown?.index === wanted ? visible() : null;
  };
  window.__pacsProxy = {
    imageId: () => arrived()?.imageId ?? null,
    seen: () => visible()?.imageId ?? null,
    pixels: () => {
      const held = arrived();
      return held === null ? null : summary(held.imageId, held.values);
    },
    cover: () => cover.state,
    wanted: () => session.navigation.wanted,
    counts: () => session.model.counts,
    failures: () => session.model.failures,
    show: (index) => session.navigation.show(index),
  };
}

export function remove(): void {
  delete window.__pacsProxy;
}
