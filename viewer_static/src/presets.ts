/** CT windows on keys 1 to 5. */

/** In place of a preset's number: the window stored in the image, and the table stored beside it. */
export const STORED = -1;
export const TABLE = -2;

export interface Preset {
  readonly name: string;
  readonly width: number;
  readonly centre: number;
}

export const CT_PRESETS: readonly Preset[] = [
  { name: 'Soft tissue', width: 400, centre: 40 },
  { name: 'Lung', width: 1500, centre: -600 },
  { name: 'Bone', width: 2000, centre: 400 },
  { name: 'Brain', width: 80, centre: 40 },
  { name: 'Angio', width: 600, centre: 200 },
];
