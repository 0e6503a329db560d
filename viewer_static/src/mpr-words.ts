/** What a reader must know of a volume. Pure. */
import type { SliceFacts } from './facts.ts';
import type { Asked } from './mpr-cuts.ts';
import { depthOf, type Name, samplesIn, tiltOf, type View, written } from './mpr-planes.ts';
import type { SeriesModel } from './series.ts';
import { plural } from './text.ts';
import type { Volume } from './volume.ts';
import type { Grid } from './volume-grid.ts';
import { sized } from './volume-limit.ts';
import type { Stack } from './volume-stack.ts';
import type { Mode } from './volume-voxels.ts';

type Told = Pick<Volume, 'isComplete' | 'count' | 'total' | 'failures'>;

const NAMED = 3;

/** How much of it is here, and how sure that is. */
export function stateOf(volume: Told, { counts }: Pick<SeriesModel, 'counts'>): string {
  const { isComplete, count, total } = volume;
  if (!isComplete) return `${count} of ${total} slices, reconstruction incomplete`;
  const proof = counts.lengthOnly === 0 ? 'all verified' : `${counts.lengthOnly} by length only`;
  return `${plural(total, 'slice')}, ${proof}`;
}

/** Under a picture of planes that is taken along. */
export function honestyOf(volume: Told, { counts }: Pick<SeriesModel, 'counts'>): string {
  const { isComplete, count, total } = volume;
  const parts = [
    isComplete ? '' : `${count} of ${total} slices`,
    counts.lengthOnly === 0 ? '' : 'not verified by digest',
  ];
  return ['Reconstruction', ...parts].filter((part) => part !== '').join(' · ');
}

export function factsOfVolume(grid: Grid, bytes: number, { tilt }: Pick<Stack, 'tilt'>): string {
  return [
    `${grid.columns} × ${grid.rows} × ${grid.slices}`,
    sized(bytes),
    tilt < 0.5 ? '' : `gantry tilt of ${tilt.toFixed(1)}° is reckoned with`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** Which slices failed, and why; the first few of many. */
export function failuresOf({ failures }: Told, model: Pick<SeriesModel, 'error'>): string {
  const named = failures
    .slice(0, NAMED)
    .map((index) => `Slice ${index + 1}: ${model.error(index)?.title.toLowerCase() ?? 'failed'}`);
  const rest = failures.length - NAMED;
  return [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join(' · ');
}

const MODES: Readonly<Record<Mode, string>> = { thin: '', max: 'MIP', min: 'MinIP', mean: 'Mean' };
/** Planes turned less lie as they are named. */
const STRAIGHT = 0.05;

export const title = (name: Name): string => name.charAt(0).toUpperCase() + name.slice(1);

/** Under the upper edge of a plane. */
export function marked(lacking: string, shown: Asked | null): string {
  const rough = shown !== null && shown.coarse > 1 ? ` · coarse while moving` : '';
  return lacking === ''
    ? `Reconstruction${rough}`
    : `Reconstruction incomplete · ${lacking}${rough}`;
}

export function planeLines(shown: Asked, probe: string): string {
  const { view, mode, index, thickness } = shown;
  const samples = samplesIn(view, thickness);
  const slab = mode === 'thin' ? '' : `${MODES[mode]} ${(samples * view.step).toFixed(1)} mm`;
  const tilt = tiltOf(view);
  const turned = tilt < STRAIGHT ? '' : `oblique, ${tilt.toFixed(1)}° from ${view.name}`;
  return [
    `${title(view.name)} ${index + 1}/${view.count}`,
    turned,
    written(view.axes.out, depthOf(view, index)),
    slab,
    probe,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

export function factsOf({ axes, pixel, width, height }: View, unit: string): SliceFacts {
  return {
    axes: [axes.right, axes.down],
    letters: null,
    frame: '',
    depthMm: null,
    thicknessMm: null,
    rows: height,
    columns: width,
    isColour: false,
    unit,
    spacing: { down: pixel, across: pixel, unit: 'mm', note: '' },
    framesPerSecond: null,
    projection: '',
    notes: [],
  };
}
