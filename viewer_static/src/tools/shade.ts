/** From values to greys by the processor, as PS3.3 C.11.2 has it. Pure. */

export interface Grey {
  readonly width: number;
  readonly centre: number;
  readonly inverted: boolean;
  readonly isSigmoid: boolean;
  /** Black 0 to white 1, spread over the window; null where there is no table. */
  readonly shades: Float32Array | null;
}

const WHOLE = 1 << 16;
const OPAQUE = 0xff000000;
const WHITE = 0x010101;

/** 0 to 255. */
export function greyOf(
  value: number,
  { width, centre, inverted, isSigmoid, shades }: Grey,
): number {
  const share = Math.min(1, Math.max(0, shareOf(value, width, centre, isSigmoid)));
  const last = (shades?.length ?? 0) - 1;
  // A value that is no number is drawn black, as the library draws it.
  const shade = shades === null ? share : (shades[Math.round(share * last) || 0] as number);
  const grey = Math.round(255 * shade) || 0;
  return inverted ? 255 - grey : grey;
}

function shareOf(value: number, width: number, centre: number, isSigmoid: boolean): number {
  if (isSigmoid) return 1 / (1 + Math.exp((-4 * (value - centre)) / width));
  // A window of one is a threshold (C.11.2.1.2.1).
  return (value - (centre - 0.5)) / Math.max(width - 1, 1e-6) + 0.5;
}

/** Each value of 8 or 16 bits is looked up: a picture has many more pixels than there are such values. */
export function greyed(values: ArrayLike<number>, grey: Grey, pixels: Uint32Array): void {
  const isSigned = values instanceof Int16Array || values instanceof Int8Array;
  const isShort = isSigned || values instanceof Uint16Array || values instanceof Uint8Array;
  if (!isShort) {
    for (let at = 0; at < pixels.length; at++)
      pixels[at] = OPAQUE | (greyOf(values[at] as number, grey) * WHITE);
    return;
  }
  const known = new Uint32Array(WHOLE);
  for (let at = 0; at < WHOLE; at++) {
    const value = isSigned && at >= WHOLE / 2 ? at - WHOLE : at;
    known[at] = OPAQUE | (greyOf(value, grey) * WHITE);
  }
  for (let at = 0; at < pixels.length; at++)
    pixels[at] = known[(values[at] as number) & (WHOLE - 1)] as number;
}
