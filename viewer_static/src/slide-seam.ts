/** `window.__pacsSlide`: what is really on screen of a slide, for tests that compare it with the archive. */
import type { Cover } from './cover.ts';
import type { Slide } from './slide.ts';

export interface SlideSeam {
  cover(): string;
  levels(): readonly { readonly width: number; readonly height: number }[];
  /** The level that is sharp enough for the view. */
  level(): number;
  scale(): number;
  look(x: number, y: number, scale: number): void;
  /** Every wanted tile is here or has failed, and was drawn. */
  settled(): boolean;
  failures(): readonly string[];
  /** Red, green and blue of a square of the canvas, from its top left pixel, row by row. */
  colours(left: number, top: number, side: number): readonly number[];
  size(): { readonly width: number; readonly height: number };
}

declare global {
  interface Window {
    __pacsSlide?: SlideSeam;
  }
}

export function install(slide: Slide, cover: Cover): void {
  window.__pacsSlide = {
    cover: () => cover.state,
    levels: () => slide.levels.map(({ width, height }) => ({ width, height })),
    level: () => slide.sharpest,
    scale: () => slide.camera.scale,
    look: (x, y, scale) => slide.look({ x, y, scale }),
    settled: () => slide.levels.length > 0 && slide.store.missing === 0 && !slide.isStale,
    failures: () => slide.store.failures.map(({ tile, error }) => `${tile.frame} ${error.title}`),
    colours: (left, top, side) => {
      const data = slide.surface.getContext('2d')?.getImageData(left, top, side, side).data ?? [];
      return [...data].filter((_, at) => at % 4 !== 3);
    },
    size: () => slide.view,
  };
}

export function remove(): void {
  delete window.__pacsSlide;
}
