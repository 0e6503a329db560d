/** What is said around a slide. Pure. */
import type { ViewerError } from './errors.ts';
import type { Window } from './slide-canvas.ts';
import type { SlideLevel } from './slide-level.ts';
import { plural } from './text.ts';

const lines = (...said: readonly string[]): string => said.filter((line) => line !== '').join('\n');

/** Which level is seen, and what of it is still on its way. */
export function levelLines(
  levels: readonly SlideLevel[],
  sharpest: number,
  tilesComing: number,
  levelsComing: number,
): string {
  const layers = levels[sharpest]?.layers ?? 1;
  return lines(
    `Level ${sharpest + 1}/${levels.length}`,
    tilesComing > 0 ? `${plural(tilesComing, 'tile')} to come` : '',
    levelsComing > 0 ? `${plural(levelsComing, 'level')} to come` : '',
    layers > 1 ? `1 of ${layers} layers shown` : '',
  );
}

export function viewLines(base: SlideLevel, scale: number, grey: Window): string {
  const { centre, width, inverted } = grey;
  return lines(
    `${base.width} × ${base.height}`,
    `Zoom ${Number((scale * 100).toPrecision(3))} %`,
    base.samples === 1
      ? `W ${Math.round(width)}  L ${Math.round(centre)}${inverted ? '  inverted' : ''}`
      : '',
    base.spacing === null ? 'Pixel size unknown' : '',
  );
}

/** What went wrong, or what is waited for; empty when all is well. */
export function complaints(
  tilesFailed: number,
  levelsFailed: readonly ViewerError[],
  waiting: string,
): string {
  const missing = levelsFailed.map((error) => `A level is missing: ${error.message}`);
  const tiles = tilesFailed > 0 ? `${plural(tilesFailed, 'tile')} could not be loaded.` : '';
  return [tiles, ...missing, waiting].filter((part) => part !== '').join(' ');
}
