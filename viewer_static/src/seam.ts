/** `window.__pacsProxy`: what is really on screen, for tests that compare pixels with the archive's. */
import { Md5 } from './md5.ts';
import type { Counts } from './series.ts';
import type { Session } from './session.ts';
import type { StackView } from './viewports.ts';

export interface DrawnPixels {
  readonly imageId: string;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly md5: string;
}

export interface Seam {
  /** The picture the reader can see now; null while it is covered. */
  imageId(): string | null;
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

function summary(imageId: string, values: ArrayLike<number> & ArrayBufferView): DrawnPixels {
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
  return { imageId, count: values.length, sum, min, max, md5: new Md5().update(bytes).hex() };
}

export function install(
  session: Session,
  view: StackView,
  cover: { readonly state: string },
): void {
  const visible = (): string | null => {
    const shown = session.navigation.shown;
    return shown !== null && cover.state === 'off' && view.drawn === shown.imageId
      ? shown.imageId
      : null;
  };
  window.__pacsProxy = {
    imageId: visible,
    pixels: () => {
      const imageId = visible();
      return imageId === null ? null : summary(imageId, view.scalars());
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
