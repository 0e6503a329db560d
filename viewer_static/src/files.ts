/** Proven files in the library's metadata cache: who gives them, what is kept of them, and for how long. */
import { metaData } from '@cornerstonejs/core';
import { prefetchPart10Instance } from '@cornerstonejs/dicom-image-loader';
import { Enums, utilities } from '@cornerstonejs/metadata';
import { recognised, ViewerError } from './errors.ts';
import { aspectOf, NO_SPACING } from './figures/spacing.ts';
import { InFlight } from './inflight.ts';
import { cleaned, frameCount, type PixelHeader, slopeSound, trimmed } from './pixels.ts';
import { Proofs } from './proofs.ts';

export interface VerifiedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sopUid: string;
}

/** An open series, which gives the files that it lists. */
export interface Keeper {
  holds(instanceId: string): boolean;
  /** Proven bytes. */
  source(instanceId: string, signal: AbortSignal): Promise<VerifiedFile>;
  /** Tries again what hangs on the link: decoders are fetched when they are first needed. */
  stubborn<T>(instanceId: string, signal: AbortSignal, attempt: () => Promise<T>): Promise<T>;
  evicted(imageId: string): void;
}

export type Natural = Record<string, unknown>;

const SCHEME = 'vdcm:';
const NATURALIZED = Enums.MetadataModules.NATURALIZED;
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const NATIVE = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', BIG_ENDIAN]);
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10\d/;
const PIXELS = ['PixelData', 'FloatPixelData', 'DoubleFloatPixelData'];
const idOf = (base: string): string => base.slice(SCHEME.length);
export const naturalOf = (imageId: string): Natural | undefined =>
  metaData.get(NATURALIZED, imageId);

class Files {
  readonly proofs = new Proofs();
  private readonly keepers = new Set<Keeper>();
  /** Files whose pixel bytes lie in the library's metadata cache. */
  private readonly resident = new Set<string>();
  /** Of these, what is to be fetched anew; until that is here, what is known of them stays. */
  private readonly doubted = new Set<string>();
  /** Files that failed: their other frames need not be asked for to find out, until a retry. */
  private readonly broken = new Map<string, ViewerError>();
  private readonly placing = new Map<string, Promise<void>>();
  private readonly flights = new InFlight<void>((base, signal) => this.fetch(base, signal));

  async open(base: string, signal: AbortSignal): Promise<void> {
    const known = this.broken.get(base);
    if (known !== undefined) throw known;
    if (!this.holds(base)) await this.flights.get(base, signal);
  }

  /** The library keeps a failed file for ever unless told otherwise. */
  drop(base: string): void {
    this.resident.delete(base);
    this.doubted.delete(base);
    utilities.clearTypedCacheData(NATURALIZED, base);
  }

  /** Before a retry: nothing of an earlier failure may answer for the file. Other frames may be on screen. */
  pardon(instanceId: string): void {
    const base = `${SCHEME}${instanceId}`;
    if (this.broken.delete(base)) this.drop(base);
    else if (this.resident.has(base)) this.doubted.add(base);
  }

  /** Originals would double the memory; other frames of a multi-frame file still need them. */
  spent(base: string): void {
    const natural = naturalOf(base);
    if (natural === undefined || framesOf(natural) > 1) return;
    stripped(natural);
    this.resident.delete(base);
  }

  enter(keeper: Keeper): void {
    this.keepers.add(keeper);
  }

  /** Pixel bytes nobody has open go; decoded frames may stay, and what the header says about them. */
  leave(keeper: Keeper): void {
    this.keepers.delete(keeper);
    for (const base of [...this.resident, ...this.broken.keys()]) {
      if (this.keeper(idOf(base)) !== null) continue;
      this.doubted.delete(base);
      if (this.resident.delete(base)) stripped(naturalOf(base));
      this.broken.delete(base);
    }
  }

  /** The same series may be open twice: the first one that lists the file answers for it. */
  keeper(instanceId: string): Keeper | null {
    for (const keeper of this.keepers) if (keeper.holds(instanceId)) return keeper;
    return null;
  }

  stubborn<T>(base: string, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    const keeper = this.keeper(idOf(base));
    return keeper === null ? attempt() : keeper.stubborn(idOf(base), signal, attempt);
  }

  evicted(imageId: string): void {
    for (const keeper of this.keepers) keeper.evicted(imageId);
  }

  private holds(base: string): boolean {
    return this.resident.has(base) && !this.doubted.has(base);
  }

  private async fetch(base: string, signal: AbortSignal): Promise<void> {
    try {
      const keeper = this.keeper(idOf(base));
      if (keeper === null) throw new ViewerError('cancelled');
      const file = await keeper.source(idOf(base), signal);
      await this.inTurn(base, () => this.place(base, file, signal));
    } catch (thrown) {
      const error = recognised(thrown);
      // Given up, it may end long after another load brought the file.
      if (signal.aborted) throw error;
      this.drop(base);
      if (error.category !== 'cancelled') this.broken.set(base, error);
      throw error;
    }
  }

  /** Two loads of one file would each put right what the other is still reading. */
  private inTurn(base: string, place: () => Promise<void>): Promise<void> {
    const placed = (this.placing.get(base) ?? Promise.resolve()).then(place);
    const ended = placed.catch(recognised).then(() => {
      if (this.placing.get(base) === ended) this.placing.delete(base);
    });
    this.placing.set(base, ended);
    return placed;
  }

  private async place(base: string, file: VerifiedFile, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new ViewerError('cancelled');
    if (this.holds(base)) return;
    this.drop(base);
    await prefetchPart10Instance(base, file.bytes.buffer);
    prepared(named(base, file.sopUid));
    this.resident.add(base);
  }
}

export const files = new Files();

function stripped(natural: Natural | undefined): void {
  for (const key of PIXELS) delete natural?.[key];
}

export const numberIn = (natural: Natural, key: string): number =>
  Number(natural[key] ?? Number.NaN);

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

const SPACINGS = ['PixelSpacing', 'ImagerPixelSpacing', 'NominalScannedPixelSpacing'];

/** The library knows the shape of a pixel from its spacing alone; ours are told that this is none. */
function shaped(natural: Natural): void {
  const aspect = aspectOf(natural.PixelAspectRatio);
  if (aspect === 1 || SPACINGS.some((key) => natural[key] !== undefined)) return;
  natural.PixelSpacing = [aspect, 1];
  natural[NO_SPACING] = true;
}

type Piece = ArrayBuffer | Uint8Array;

/** One list of frames, each a list of pieces; what the library takes unseen is put right or refused. */
function prepared(natural: Natural): void {
  slopeSound(natural.RescaleSlope);
  shaped(natural);
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
