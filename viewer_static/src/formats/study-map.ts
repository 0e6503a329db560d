/** Where the things that an object names are in the open study. */
import type { SeriesHead } from '../api.ts';
import type { Contents } from './contents.ts';
import { isLayer } from './kinds.ts';

export interface StudyMap {
  /** By Series Instance UID. */
  series(uid: string): SeriesHead | null;
  /** Opens a series in the same viewport, at an image (SOP Instance UID), under a layer. */
  open(seriesId: string, sopUid: string | null, layer?: Contents): void;
  /** What may lie over the pictures of the study. */
  layers(): readonly SeriesHead[];
}

/** Of the study that is open at the moment of asking. */
export function mapOf(heads: () => readonly SeriesHead[], open: StudyMap['open']): StudyMap {
  return {
    series: (uid) => heads().find(({ series_uid }) => series_uid === uid) ?? null,
    layers: () => heads().filter(({ modality }) => isLayer(modality)),
    open,
  };
}
