/** The `vdcm:` scheme: proven bytes in, a checked picture out; leaves nothing wrong in the library's caches. */
import {
  Enums as CoreEnums,
  cache,
  getShouldUseCPURendering,
  getWebWorkerManager,
  imageLoader,
  init,
  metaData,
  type Types,
} from '@cornerstonejs/core';
import {
  init as initLoader,
  prefetchPart10Instance,
  wadouri,
} from '@cornerstonejs/dicom-image-loader';
import { Enums, utilities } from '@cornerstonejs/metadata';
import { wallClock } from './clock.ts';
import { Decoders, type WorkerManager } from './decoders.ts';
import { type Category, recognised, ViewerError } from './errors.ts';
import { InFlight } from './inflight.ts';
import { cleaned, frameCount, type PixelHeader, slopeSound, trimmed } from './pixels.ts';
import { Proofs } from './proofs.ts';
import type { DecodedFrame, RawFrame } from './slide-decode.ts';

const GIB = 1024 ** 3;

/** Browsers tell at most 8 (GiB), and nothing on plain http. */
const { deviceMemory = 4 } = navigator as { deviceMemory?: number };

/** Decoded pictures kept in memory; the original bytes are not (see spent). */
export const CACHE_BYTES = deviceMemory >= 8 ? 2 * GIB : GIB;

export interface VerifiedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sopUid: string;
}

/** Gives the proven bytes of an instance. */
export type Source = (instanceId: string, signal: AbortSignal) => Promise<VerifiedFile>;

/** Tries again what hangs on the link: decoders are fetched when they are first needed. */
export type Stubborn = <T>(
  instanceId: string,
  signal: AbortSignal,
  attempt: () => Promise<T>,
) => Promise<T>;

type Natural = Record<string, unknown>;

const { RequestType } = CoreEnums;
const SCHEME = 'vdcm:';
const NATURALIZED = Enums.MetadataModules.NATURALIZED;
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const NATIVE = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', BIG_ENDIAN]);
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10\d/;
const PIXELS = ['PixelData', 'FloatPixelData', 'DoubleFloatPixelData'];
const forever = new AbortController().signal;

const baseOf = (imageId: string): string => imageId.replace(/\?frame=\d+$/, '');
const naturalOf = (imageId: string): Natural | undefined => metaData.get(NATURALIZED, imageId);

class Files {
  readonly proofs = new Proofs();
  source: Source = () => Promise.reject(new ViewerError('cancelled'));
  stubborn: Stubborn = (_id, _signal, attempt) => attempt();
  onEvicted: (imageId: string) => void = () => undefined;
  /** Files whose pixel bytes lie in the library's metadata cache. */
  private readonly resident = new Set<string>();
  /** Files that failed: their other frames need not be asked for to find out, until a retry. */
  private readonly broken = new Map<string, ViewerError>();
  private readonly flights = new InFlight<void>((base, signal) => this.fetch(base, signal));

  async open(base: string, signal: AbortSignal): Promise<void> {
    const known = this.broken.get(base);
    if (known !== undefined) throw known;
    if (!this.resident.has(base)) await this.flights.get(base, signal);
  }

  /** The library keeps a failed file for ever unless told otherwise. */
  drop(base: string): void {
    this.resident.delete(base);
    utilities.clearTypedCacheData(NATURALIZED, base);
  }

  /** Before a retry: nothing of an earlier failure may answer for the file. */
  pardon(instanceId: string): void {
    const base = `${SCHEME}${instanceId}`;
    if (this.broken.delete(base) || this.resident.has(base)) this.drop(base);
  }

  /** Originals would double the memory; other frames of a multi-frame file still need them. */
  spent(base: string): void {
    const natural = naturalOf(base);
    if (natural === undefined || framesOf(natural) > 1) return;
    stripped(natural);
    this.resident.delete(base);
  }

  /** The pixel bytes go; decoded frames may stay, and with them what the header says about them. */
  forget(): void {
    for (const base of this.resident) stripped(naturalOf(base));
    this.resident.clear();
    this.broken.clear();
  }

  private async fetch(base: string, signal: AbortSignal): Promise<void> {
    try {
      const file = await this.source(base.slice(SCHEME.length), signal);
      this.drop(base);
      await prefetchPart10Instance(base, file.bytes.buffer);
      prepared(named(base, file.sopUid));
      this.resident.add(base);
    } catch (thrown) {
      this.drop(base);
      const error = recognised(thrown);
      if (error.category !== 'cancelled') this.broken.set(base, error);
      throw error;
    }
  }
}

export const files = new Files();

function stripped(natural: Natural | undefined): void {
  for (const key of PIXELS) delete natural?.[key];
}

const numberIn = (natural: Natural, key: string): number => Number(natural[key] ?? Number.NaN);

function framesOf(natural: Natural): number {
  const frames = numberIn(natural, 'NumberOfFrames');
  return Number.isFinite(frames) ? Math.max(1, frames) : 1;
}

const isUid = (value: string): boolean => /^[0-9]+(\.[0-9]+)+$/.test(value);

/** The file must be the image the list named, and hold a picture. */
function named(base: string, sopUid: string): Natural {
  const natural = naturalOf(base);
  if (natural === undefined) throw new ViewerError('not-dicom');
  const found = String(natural.SOPInstanceUID ?? '');
  if (isUid(sopUid) && isUid(found) && found !== sopUid) throw new ViewerError('wrong-image');
  if (VIDEO.test(String(natural.TransferSyntaxUID)))
    throw new ViewerError('no-pixels', 'This is a video, which this viewer does not play.');
  if (PIXELS.some((key) => natural[key] !== undefined)) return natural;
  if (natural.Rows === undefined) throw new ViewerError('no-pixels');
  throw new ViewerError('decode', 'No pixels were found in the file.');
}

function headerOf(natural: Natural): PixelHeader {
  const number = (key: string) => numberIn(natural, key);
  return {
    rows: number('Rows'),
    columns: number('Columns'),
    samples: number('SamplesPerPixel'),
    frames: framesOf(natural),
    bitsAllocated: number('BitsAllocated'),
    bitsStored: number('BitsStored'),
    highBit: number('HighBit'),
    signed: number('PixelRepresentation') === 1,
  };
}

type Piece = ArrayBuffer | Uint8Array;

/** One list of frames, each a list of pieces; what the library takes unseen is put right or refused. */
function prepared(natural: Natural): void {
  slopeSound(natural.RescaleSlope);
  const { PixelData } = natural;
  if (!Array.isArray(PixelData)) return;
  const header = headerOf(natural);
  if (!NATIVE.has(String(natural.TransferSyntaxUID))) {
    if (header.frames > 1) frameCount(header, PixelData.length);
    return;
  }
  const isBigEndian = natural.TransferSyntaxUID === BIG_ENDIAN;
  natural.PixelData = PixelData.map((frame: Piece | Piece[]) => {
    const pieces = Array.isArray(frame) ? frame : [frame];
    const [only] = pieces;
    if (only === undefined || pieces.length > 1) return frame;
    const bytes = only instanceof Uint8Array ? only : new Uint8Array(only);
    const whole = trimmed(header, bytes);
    return [isBigEndian ? whole : cleaned(header, whole)];
  });
}

/** A decoder may "succeed" with too few pixels, or none: such a picture is refused. */
function complete(image: Types.IImage, natural: Natural): Types.IImage {
  const { rows, columns, numberOfComponents } = image;
  const count = image.voxelManager?.getScalarData().length ?? 0;
  // The library calls a colour picture RGBA when it was asked for that, whether or not it became so.
  const samples = image.rgba ? [numberOfComponents, 4] : [numberOfComponents];
  const fits = rows > 0 && columns > 0 && samples.some((each) => count === rows * columns * each);
  const asSaid = rows === numberIn(natural, 'Rows') && columns === numberIn(natural, 'Columns');
  if (fits && asSaid) return image;
  throw new ViewerError('decode', `Decoded ${count} values for ${columns} x ${rows} pixels.`);
}

async function picture(imageId: string, options: Record<string, unknown>): Promise<Types.IImage> {
  const base = baseOf(imageId);
  const { signal = forever, ...plain } = options as { signal?: AbortSignal };
  await files.open(base, signal);
  const image = await files.stubborn(base.slice(SCHEME.length), signal, () =>
    decoded(imageId, plain),
  );
  files.spent(base);
  return image;
}

const decoders = new Decoders(getWebWorkerManager() as unknown as WorkerManager, wallClock);

async function decoded(imageId: string, options: Record<string, unknown>): Promise<Types.IImage> {
  const decode = () => wadouri.loadImageFromNaturalizedMetadata(imageId, { ...options }).promise;
  try {
    const image = (await decoders.guarded(decode)) as unknown as Types.IImage;
    return complete(image, naturalOf(imageId) ?? {});
  } catch (thrown) {
    throw undecoded(recognised(thrown));
  }
}

/** One frame's values by the library's own decoding workers. */
export function decodeFrame(
  imageFrame: RawFrame,
  transferSyntax: string,
  pixelData: Uint8Array,
): Promise<DecodedFrame> {
  const options = { preScale: { enabled: false } };
  const task = { imageFrame, transferSyntax, pixelData, options, decodeConfig: {} };
  return decoders.guarded(() =>
    getWebWorkerManager().executeTask('dicomImageLoader', 'decodeTask', task, {
      requestType: RequestType.Interaction,
      priority: 0,
    }),
  ) as Promise<DecodedFrame>;
}

const DOT: RawFrame = {
  rows: 1,
  columns: 1,
  samplesPerPixel: 1,
  bitsAllocated: 8,
  bitsStored: 8,
  pixelRepresentation: 0,
  planarConfiguration: 0,
  photometricInterpretation: 'MONOCHROME2',
};

/** The library starts its worker with the first frame: one of one pixel has it ready for the reader's. */
function warmDecoder(): void {
  decodeFrame(DOT, '1.2.840.10008.1.2.1', new Uint8Array(1)).catch(recognised);
}

const KEPT = new Set<Category>(['decode', 'memory', 'engine', 'cancelled']);

/** The file is proven and was found to hold pixels, so what went wrong now is their decoding. */
function undecoded(error: ViewerError): ViewerError {
  return KEPT.has(error.category) ? error : new ViewerError('decode', error.message);
}

function load(imageId: string, options: Record<string, unknown> = {}) {
  return {
    promise: picture(imageId, options),
    decache: () => files.onEvicted(imageId),
  };
}

/** Loads a picture into the library's cache; a failed one leaves it again by itself. */
export async function loadSlice(imageId: string, signal: AbortSignal): Promise<void> {
  const options = {
    signal,
    useRGBA: getShouldUseCPURendering(),
    requestType: 'interaction',
    priority: 0,
  };
  try {
    await imageLoader.loadAndCacheImage(imageId, options as never);
  } catch (thrown) {
    // The library handed out a load that somebody else had just given up: that is not our failure.
    if (recognised(thrown).category !== 'cancelled' || signal.aborted) throw thrown;
    await new Promise((resolve) => setTimeout(resolve));
    await loadSlice(imageId, signal);
  }
}

/** Size of one decoded picture, to know how many may be kept. */
export function decodedBytes(imageId: string): number {
  return cache.getImage(imageId)?.sizeInBytes ?? 0;
}

/** A decoded picture that no proof stands behind any more. */
export function discard(imageId: string): void {
  if (isCached(imageId)) cache.removeImageLoadObject(imageId);
}

export function isCached(imageId: string): boolean {
  return cache.getImage(imageId) !== undefined;
}

export function startEngine(): void {
  // One picture at a time needs one graphics context, not the default seven.
  init({ rendering: { webGlContextCount: 1 }, debug: {} });
  initLoader({});
  warmDecoder();
  decoders.watch();
  imageLoader.registerImageLoader('vdcm', load as never);
  cache.setMaxCacheSize(CACHE_BYTES);
}
