/** Which series are no stacks of pictures, as far as a list can tell. Pure, and small: every opening asks it. */
import type { SeriesDetail } from '../api.ts';

/** What series of reports, documents, waveforms, plans, … call themselves; a list tells no more. */
const MODALITIES = new Set([
  ...['SR', 'KO', 'PR', 'DOC', 'SEG', 'RTSTRUCT', 'RTPLAN', 'RTRECORD', 'PLAN', 'ECG', 'EPS', 'HD'],
  ...['REG', 'FID', 'RWV', 'ANN', 'M3D', 'AU', 'RESP', 'EEG', 'EMG', 'EOG', 'SMR', 'STAIN', 'KER'],
]);

/** The file itself is asked before anything is made of it. */
export function mayBePapers({ instances, modality }: SeriesDetail): boolean {
  return instances.length > 0 && MODALITIES.has(modality);
}

/** Series whose content lies over the pictures of another. */
export const isLayer = (modality: string): boolean => modality === 'SEG' || modality === 'RTSTRUCT';
