/** A tile's bytes to pixels; a coding that is not surely drawn right is named instead. */
import { ViewerError } from './errors.ts';
import { cleaned } from './pixels.ts';
import type { SlideLevel } from './slide-level.ts';

export type Values = Uint8Array | Uint16Array | Int16Array;

/** Grey values are kept, since their window may change; colour is ready to be drawn. */
export type Pixels =
  | { readonly kind: 'grey'; readonly values: Values }
  | { readonly kind: 'colour'; readonly rgba: Uint8ClampedArray<ArrayBuffer> }
  | { readonly kind: 'bitmap'; readonly bitmap: ImageBitmap };

/** What the library's decoding worker takes and gives back. */
export interface RawFrame {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly pixelRepresentation: number;
  readonly planarConfiguration: number;
  readonly photometricInterpretation: string;
}

export interface DecodedFrame {
  readonly pixelData: Values;
  /** JPEG-LS only: 0 when the components lie one after another. */
  readonly interleaveMode?: number;
}

export type DecodeFrame = (
  frame: RawFrame,
  syntax: string,
  bytes: Uint8Array,
) => Promise<DecodedFrame>;

const NATIVE = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1']);
const BASELINE = '1.2.840.10008.1.2.4.50';
/** Lossless codings and JPEG 2000: compared with other decoders, bit by bit. */
const BY_WORKER = new Set(
  ['70', '80', '81', '90', '91', '201', '202'].map((end) => `1.2.840.10008.1.2.4.${end}`),
);
const GREY = new Set(['MONOCHROME1', 'MONOCHROME2']);

/** Of one tile; `decode` asks the worker. */
export async function pixelsOf(
  level: SlideLevel,
  bytes: Uint8Array<ArrayBuffer>,
  decode: DecodeFrame,
): Promise<Pixels> {
  const { syntax, samples } = level;
  if (NATIVE.has(syntax)) return native(level, bytes);
  if (syntax === BASELINE && samples === 3) return baseline(level, bytes);
  if (BY_WORKER.has(syntax) || syntax === BASELINE) {
    const frame = await decode(headerOf(level), syntax, bytes);
    return arranged(level, frame.pixelData, frame.interleaveMode === 0);
  }
  throw new ViewerError('undrawable', `Tiles coded as ${syntax} are not drawn here.`);
}

function headerOf(level: SlideLevel): RawFrame {
  return {
    rows: level.tileHeight,
    columns: level.tileWidth,
    samplesPerPixel: level.samples,
    bitsAllocated: level.bitsAllocated,
    bitsStored: level.bitsStored,
    pixelRepresentation: level.signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: level.photometric,
  };
}

function native(level: SlideLevel, bytes: Uint8Array<ArrayBuffer>): Pixels {
  const count = level.tileWidth * level.tileHeight * level.samples;
  const wanted = (count * level.bitsAllocated) / 8;
  if (bytes.length !== wanted)
    throw new ViewerError('decode', `The tile has ${bytes.length} bytes instead of ${wanted}.`);
  const {
    bitsAllocated,
    bitsStored,
    signed,
    samples,
    tileHeight: rows,
    tileWidth: columns,
  } = level;
  const header = { rows, columns, samples, frames: 1, bitsAllocated, bitsStored, signed };
  const clean = cleaned({ ...header, highBit: bitsStored - 1 }, bytes);
  if (bitsAllocated === 8) return arranged(level, clean, level.planar);
  const words = clean.slice().buffer;
  return arranged(level, signed ? new Int16Array(words) : new Uint16Array(words), false);
}

/** Exactly as many values as the tile has, in the order a canvas takes. */
export function arranged(level: SlideLevel, values: Values, planar: boolean): Pixels {
  const count = level.tileWidth * level.tileHeight;
  if (values.length !== count * level.samples)
    throw new ViewerError('decode', `Decoded ${values.length} values for ${count} pixels.`);
  if (level.samples === 1) {
    if (!GREY.has(level.photometric)) throw unknown(level);
    return { kind: 'grey', values };
  }
  // Decoders undo the colour transform of JPEG 2000; nobody undoes it for the others.
  const isRgb = level.photometric === 'RGB' || /^YBR_(RCT|ICT)$/.test(level.photometric);
  if (!isRgb) throw unknown(level);
  const [pixel, sample] = planar ? [1, count] : [3, 1];
  const rgba = new Uint8ClampedArray(count * 4);
  for (let i = 0; i < count; i++) {
    rgba[i * 4] = values[i * pixel] as number;
    rgba[i * 4 + 1] = values[i * pixel + sample] as number;
    rgba[i * 4 + 2] = values[i * pixel + 2 * sample] as number;
    rgba[i * 4 + 3] = 255;
  }
  return { kind: 'colour', rgba };
}

const unknown = (level: SlideLevel): ViewerError =>
  new ViewerError('undrawable', `Tiles coloured as ${level.photometric} are not drawn here.`);

/** The browser decodes JPEG; it must take the colours for what DICOM says they are. */
async function baseline(level: SlideLevel, bytes: Uint8Array<ArrayBuffer>): Promise<Pixels> {
  const wanted = level.photometric === 'RGB' ? 'rgb' : 'ybr';
  if (!/^(RGB|YBR_FULL(_422)?)$/.test(level.photometric) || jpegColours(bytes) !== wanted)
    throw new ViewerError(
      'undrawable',
      `This browser would take the colours of this JPEG for others than ${level.photometric}.`,
    );
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }), {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  }).catch(() => {
    throw new ViewerError('decode', 'The browser could not decode this JPEG.');
  });
  if (bitmap.width === level.tileWidth && bitmap.height === level.tileHeight)
    return { kind: 'bitmap', bitmap };
  throw new ViewerError('decode', `Decoded ${bitmap.width} x ${bitmap.height} pixels.`);
}

interface Segment {
  readonly marker: number;
  readonly body: Uint8Array;
}

/** The segments before the first scan. */
function* segments(bytes: Uint8Array): Iterable<Segment> {
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    yield { marker: bytes[at + 1] as number, body: bytes.subarray(at + 4, at + 2 + length) };
    at += 2 + Math.max(2, length);
  }
}

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xc2;

/** What libjpeg, and with it every browser, takes three components for. */
export function jpegColours(bytes: Uint8Array): 'rgb' | 'ybr' | 'other' {
  const all = [...segments(bytes)];
  const frame = all.find(({ marker }) => isFrame(marker))?.body;
  if (frame?.[5] !== 3) return 'other';
  if (all.some(({ marker, body }) => marker === 0xe0 && text(body).startsWith('JFIF')))
    return 'ybr';
  const adobe = all.find(({ marker, body }) => marker === 0xee && text(body).startsWith('Adobe'));
  if (adobe !== undefined) return ADOBE[adobe.body[11] as number] ?? 'other';
  const names = [6, 9, 12].map((at) => frame[at] as number);
  return String.fromCharCode(...names) === 'RGB' ? 'rgb' : 'ybr';
}

const ADOBE: Readonly<Record<number, 'rgb' | 'ybr'>> = { 0: 'rgb', 1: 'ybr' };
