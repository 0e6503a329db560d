/** Uncompressed pixels made what the header says they are; the library takes the bytes as they come. Pure. */
import { ViewerError } from './errors.ts';

export interface PixelHeader {
  readonly rows: number;
  readonly columns: number;
  readonly samples: number;
  readonly frames: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
}

/** Bytes of one uncompressed frame; NaN when the header does not say. */
export function frameBytes(header: PixelHeader): number {
  return (header.rows * header.columns * header.samples * header.bitsAllocated) / 8;
}

/** Files may end their pixels with padding, which the library would count as pixels. */
export function trimmed(header: PixelHeader, bytes: Uint8Array): Uint8Array {
  const wanted = frameBytes(header);
  return Number.isInteger(wanted) && wanted > 0 && bytes.length > wanted
    ? bytes.subarray(0, wanted)
    : bytes;
}

/**
 * Bits outside Bits Stored are not part of the value (old overlays live there), yet the library draws them.
 * DCMTK, GDCM and pydicom leave them out too.
 */
export function cleaned(header: PixelHeader, bytes: Uint8Array): Uint8Array {
  const { bitsAllocated, bitsStored, highBit, signed } = header;
  const sound =
    bitsStored > 0 &&
    bitsStored < bitsAllocated &&
    highBit >= bitsStored - 1 &&
    highBit < bitsAllocated;
  if (!sound || (bitsAllocated !== 8 && bitsAllocated !== 16)) return bytes;
  const copy = bytes.slice();
  const values = bitsAllocated === 8 ? copy : new Uint16Array(copy.buffer, 0, copy.length >> 1);
  const left = 31 - highBit;
  const right = 32 - bitsStored;
  for (let i = 0; i < values.length; i++) {
    const high = (values[i] as number) << left;
    values[i] = signed ? high >> right : high >>> right;
  }
  return copy;
}

/** Compressed frames must be as many as the header says: without an offset table the library cannot tell. */
export function frameCount(header: PixelHeader, found: number): void {
  if (found === header.frames) return;
  throw new ViewerError(
    'decode',
    `The file holds ${found} pieces for ${header.frames} frames and does not say which belong together.`,
  );
}

/** A slope of zero turns every value into the same one: a flat picture that says nothing. */
export function slopeSound(slope: unknown): void {
  if (slope === undefined || slope === null || slope === '' || Number(slope) !== 0) return;
  throw new ViewerError('decode', 'The file gives a rescale slope of zero.');
}
