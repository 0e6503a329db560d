/** Which series are no stacks of pictures, as far as a list can tell. Pure, and small: every opening asks it. */
import type { Instance, SeriesDetail } from '../api.ts';

/** PS3.6 annex A: reports, documents, waveforms, presentation states, plans and structures, registrations, … */
const CLASS =
  /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(88|104|9|11|481\.([3-9]|[1-9]\d)|66|67|68|91|4\.2|78|79|80|90)(\.|$)/;
const VIDEO = /^1\.2\.840\.10008\.1\.2\.(4\.10\d|7\.\d)/;

/** What series of such objects call themselves; archives before 1.11 tell no more. */
const MODALITIES = new Set([
  ...['SR', 'KO', 'PR', 'DOC', 'SEG', 'RTSTRUCT', 'RTPLAN', 'RTRECORD', 'PLAN', 'ECG', 'EPS', 'HD'],
  ...['REG', 'FID', 'RWV', 'ANN', 'M3D', 'AU', 'RESP', 'EEG', 'EMG', 'EOG', 'SMR', 'STAIN', 'KER'],
]);

function fits({ sop_class, transfer_syntax }: Instance, modality: string): boolean {
  if (transfer_syntax !== null && VIDEO.test(transfer_syntax)) return true;
  return sop_class === null ? MODALITIES.has(modality) : CLASS.test(sop_class);
}

/** The file itself is asked before anything is made of it. */
export function mayBePapers({ instances, modality }: SeriesDetail): boolean {
  return instances.length > 0 && instances.every((instance) => fits(instance, modality));
}

/** Series whose content lies over the pictures of another. */
export const isLayer = (modality: string): boolean => modality === 'SEG' || modality === 'RTSTRUCT';
