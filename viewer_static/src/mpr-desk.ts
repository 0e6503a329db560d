/** What the planes of a series stand on. */
import type { SeriesDetail } from './api.ts';
import type { Layers } from './formats/layers.ts';
import type { Shelf } from './mpr-marks.ts';
import type { Grey } from './mpr-paint.ts';
import type { Slice } from './series.ts';
import type { ToolId } from './toolkit.ts';
import type { VolumeDesk } from './volume.ts';

export interface MprDesk extends Omit<VolumeDesk, 'worker'> {
  readonly detail: SeriesDetail;
  /** The window as it was on the slice. */
  readonly grey: Grey;
  readonly tool: () => ToolId;
  /** Masks and contours that lie over the slices, or may. */
  readonly layers: () => Layers | null;
  /** Figures drawn on planes since the study was opened. */
  readonly shelf: Shelf;
  /** Its name there. */
  readonly volume: string;
  /** That was on screen. */
  readonly slice: Slice;
  /** The window is another one. */
  coloured(): void;
  retry(): void;
  back(): void;
}
