/** The `vdcm:` scheme: proven bytes in, a checked picture out; leaves nothing wrong in the library's caches. */
import {
  Enums as CoreEnums,
  cache,
  getRenderingCapabilities,
  getShouldUseCPURendering,
  getWebWorkerManager,
  imageLoader,
  init,
  type Types,
} from '@cornerstonejs/core';
import { init as initLoader, wadouri } from '@cornerstonejs/dicom-image-loader';
import { wallClock } from './clock.ts';
import { decoderReady } from './decoder-ahead.ts';
import { Decoders, type WorkerManager } from './decoders.ts';
import { type Drawing, isByProcessor } from './drawing.ts';
import { type Category, recognised, ViewerError } from './errors.ts';
import { files, type Natural, naturalOf, numberIn } from './files.ts';
import { bytesOf } from './memory.ts';
import type { DecodedFrame, RawFrame } from './slide-decode.ts';
import { rangeOf, tableOf } from './tools/table.ts';

export { files } from './files.ts';

const { RequestType } = CoreEnums;
const forever = new AbortController().signal;

const baseOf = (imageId: string): string => imageId.replace(/\?frame=\d+$/, '');

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

const FUNCTIONS: ReadonlySet<unknown> = new Set(['LINEAR', 'LINEAR_EXACT', 'SIGMOID']);

/** The library takes the first letter of its name for a window's function, and then draws nothing. */
function functioned(image: Types.IImage, { VOILUTFunction }: Natural): void {
  if (FUNCTIONS.has(image.voiLUTFunction)) return;
  const [told] = [VOILUTFunction].flat();
  image.voiLUTFunction = (FUNCTIONS.has(told) ? told : 'LINEAR') as CoreEnums.VOILUTFunctionType;
}

/** Without a graphics card the library would put 65 536 steps in the place of values with fractions. */
function asTheyStand(image: Types.IImage): void {
  const isFloat = image.voxelManager?.getScalarData() instanceof Float32Array;
  if (!isFloat || !getShouldUseCPURendering()) return;
  const { preScale } = image;
  const scalingParameters = {
    ...preScale?.scalingParameters,
    rescaleSlope: 1,
    rescaleIntercept: 0,
  };
  Object.assign(image, {
    slope: 1,
    intercept: 0,
    preScale: { ...preScale, scaled: false, scalingParameters },
  });
}

/** The library would take the ends of the pixels for a window; a table has ends of its own. */
function windowed(image: Types.IImage, natural: Natural): Types.IImage {
  functioned(image, natural);
  asTheyStand(image);
  const table = tableOf(natural);
  if (table === null) return image;
  const [windowWidth, windowCenter] = rangeOf(table);
  return Object.assign(image, { windowWidth, windowCenter });
}

async function picture(imageId: string, options: Record<string, unknown>): Promise<Types.IImage> {
  const base = baseOf(imageId);
  const { signal = forever, ...plain } = options as { signal?: AbortSignal };
  await files.open(base, signal);
  const image = await files.stubborn(base, signal, () => decoded(imageId, plain));
  files.spent(base);
  return image;
}

const workers = getWebWorkerManager();
const decoders = new Decoders(workers as unknown as WorkerManager, wallClock, () =>
  decodedAt(DOT, EXPLICIT, new Uint8Array(1)),
);

/** By the browser itself, without any program of ours: JPEG in colour. */
const isByBrowser = (syntax: string, natural: Natural): boolean =>
  syntax === BASELINE && numberIn(natural, 'SamplesPerPixel') >= 3;

async function decoded(imageId: string, options: Record<string, unknown>): Promise<Types.IImage> {
  const decode = () => wadouri.loadImageFromNaturalizedMetadata(imageId, { ...options }).promise;
  try {
    const natural = naturalOf(imageId) ?? {};
    const syntax = String(natural.TransferSyntaxUID);
    if (!isByBrowser(syntax, natural)) await decoderReady(syntax);
    const image = (await decoders.guarded(decode)) as unknown as Types.IImage;
    return windowed(complete(image, natural), natural);
  } catch (thrown) {
    throw undecoded(recognised(thrown));
  }
}

/** One frame's values by the library's own decoding workers. */
export async function decodeFrame(
  imageFrame: RawFrame,
  transferSyntax: string,
  pixelData: Uint8Array,
): Promise<DecodedFrame> {
  await decoderReady(transferSyntax);
  return decoders.guarded(() => decodedAt(imageFrame, transferSyntax, pixelData));
}

function decodedAt(
  imageFrame: RawFrame,
  transferSyntax: string,
  pixelData: Uint8Array,
): Promise<DecodedFrame> {
  const options = { preScale: { enabled: false } };
  const task = { imageFrame, transferSyntax, pixelData, options, decodeConfig: {} };
  return workers.executeTask('dicomImageLoader', 'decodeTask', task, {
    requestType: RequestType.Interaction,
    priority: 0,
  }) as Promise<DecodedFrame>;
}

const EXPLICIT = '1.2.840.10008.1.2.1';
const BASELINE = '1.2.840.10008.1.2.4.50';
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

/** The library never hears again of tasks whose worker was ended: counted, they would hold up all others. */
function uncounted(): void {
  for (const type of [RequestType.Interaction, RequestType.Prefetch, RequestType.Thumbnail])
    workers.workerPoolManager.setMaxSimultaneousRequests(type, Number.POSITIVE_INFINITY);
}

const KEPT = new Set<Category>(['decode', 'memory', 'engine', 'cancelled']);

/** The file is proven and was found to hold pixels, so what went wrong now is their decoding. */
function undecoded(error: ViewerError): ViewerError {
  return KEPT.has(error.category) ? error : new ViewerError('decode', error.message);
}

function load(imageId: string, options: Record<string, unknown> = {}) {
  return {
    promise: picture(imageId, options),
    decache: () => files.evicted(imageId),
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

/** What a decoded picture is made of, after rescale; null when it is not decoded. */
export function valuesOf(imageId: string): ArrayLike<number> | null {
  return cache.getImage(imageId)?.voxelManager?.getScalarData() ?? null;
}

/** A decoded picture that no proof stands behind any more. */
export function discard(imageId: string): void {
  if (isCached(imageId)) cache.removeImageLoadObject(imageId);
}

export function isCached(imageId: string): boolean {
  return cache.getImage(imageId) !== undefined;
}

export function startEngine(drawing: Drawing): void {
  const useCPURendering = isByProcessor(drawing, getRenderingCapabilities().softwareRasterizer);
  // One picture at a time needs one graphics context, not the default seven.
  init({ rendering: { webGlContextCount: 1, useCPURendering }, debug: {} });
  initLoader({});
  uncounted();
  // The library starts its worker with the first frame: one of one pixel has it ready for the reader's.
  decoders.come().catch(recognised);
  imageLoader.registerImageLoader('vdcm', load as never);
}

/** Of decoded pictures; the original bytes are not kept (see spent). What is over it goes, oldest first. */
export function limit(mib: number): void {
  cache.setMaxCacheSize(bytesOf(mib));
  cache.decacheIfNecessaryUntilBytesAvailable(0);
}

/** Bytes: what decoded pictures take, and may take. */
export function memory(): { held: number; limit: number } {
  return { held: cache.getCacheSize(), limit: cache.getMaxCacheSize() };
}
