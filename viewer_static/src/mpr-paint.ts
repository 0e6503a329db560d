/** From values to greys. What could not be reconstructed looks like nothing a patient is made of. Pure. */
import { MISSING } from './volume-voxels.ts';

export interface Grey {
  readonly width: number;
  readonly centre: number;
  readonly inverted: boolean;
}

/** DICOM's linear function, PS3.3 C.11.2.1.2.1, on 256 greys. */
export function greyOf(value: number, { width, centre, inverted }: Grey): number {
  const share = (value - (centre - 0.5)) / Math.max(1, width - 1) + 0.5;
  const grey = Math.round(255 * Math.min(1, Math.max(0, share)));
  return inverted ? 255 - grey : grey;
}

/** By so many screen pixels: to the right it gets wider, downwards its centre rises. */
export function rewindowed({ width, centre, inverted }: Grey, right: number, down: number): Grey {
  const per = Math.max(0.5, width / 300);
  return { width: Math.max(1, width + right * per), centre: centre + down * per, inverted };
}

const HATCH = 4;

/** Amber stripes over the whole area that a missing slice belongs to; black beyond the volume. */
export function painted(
  pixels: Float32Array,
  width: number,
  grey: Grey,
  target: Uint32Array,
): void {
  const opaque = 0xff000000;
  for (let at = 0; at < pixels.length; at++) {
    const value = pixels[at] as number;
    if (value === MISSING) {
      const stripe = ((at % width) + Math.floor(at / width)) & HATCH;
      target[at] = stripe === 0 ? 0xff0a2a3c : 0xff0e4a6e;
    } else if (Number.isNaN(value)) target[at] = opaque;
    else target[at] = opaque | (greyOf(value, grey) * 0x010101);
  }
}
