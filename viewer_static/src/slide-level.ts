/** What the server says of the levels of a slide, checked before anything is drawn by it. */
import { type Instance, isArchiveId, type SeriesDetail } from './api.ts';
import { recognised, ViewerError } from './errors.ts';
import type { Watch } from './persist.ts';
import { sifted } from './series.ts';
import type { Level } from './slide-geometry.ts';
import type { Transport } from './transport.ts';

const MODALITY = 'SM';
const VOLUME = 'VOLUME';
const LONGEST = 2 ** 31;

export interface SlideLevel extends Level {
  readonly flavour: string;
  readonly layers: number;
  readonly samples: 1 | 3;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly signed: boolean;
  readonly planar: boolean;
  readonly photometric: string;
  readonly syntax: string;
  /** Millimetres down and across, where the file tells. */
  readonly spacing: readonly [number, number] | null;
  /** Centre and width. */
  readonly window: readonly [number, number] | null;
}

/** A list does not tell the class; only the file itself knows. */
export function mayBeSlide({ instances, modality }: SeriesDetail): boolean {
  return instances.length > 0 && modality === MODALITY;
}

/** Before it can tell anything the server may have to fetch some hundred megabytes. */
const PATIENT_MS = 180_000;

export async function askLevel(
  transport: Transport,
  instance: Instance,
  watch: Watch,
): Promise<SlideLevel> {
  return levelOf(instance, await transport.json(slidePath(instance.id), watch, PATIENT_MS));
}

/** False where the file says that its frames are pictures of their own, or tiles in some other order. */
export async function isSlide(
  transport: Transport,
  detail: SeriesDetail,
  watch: Watch,
): Promise<boolean> {
  const { good } = sifted(detail);
  const [smallest] = [...good].sort((one, other) => one.size - other.size);
  if (smallest === undefined) return false;
  try {
    await askLevel(transport, smallest, watch);
    return true;
  } catch (thrown) {
    if (recognised(thrown).category === 'undrawable') return false;
    throw thrown;
  }
}

const slidePath = (id: string): string => `api/pacs/instances/${id}/slide`;
export const framePath = (id: string, frame: number): string =>
  `api/pacs/instances/${id}/frames/${frame}`;

type Raw = Readonly<Record<string, unknown>>;

function whole(raw: Raw, name: string): number {
  const value = raw[name];
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < LONGEST)
    return value;
  throw new ViewerError('server', `The server gave no usable ${name} for this slide.`);
}

function pair(value: unknown): readonly [number, number] | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [first, second] = value.map(Number) as [number, number];
  return Number.isFinite(first) && second > 0 ? [first, second] : null;
}

function spacingOf(value: unknown): readonly [number, number] | null {
  const found = pair(value);
  return found !== null && found[0] > 0 ? found : null;
}

/** Colour of 8 bit, or grey of 8 or 16. */
function depth(raw: Raw): { samples: 1 | 3; bits: 8 | 16 } {
  const samples = whole(raw, 'samples');
  const bits = whole(raw, 'bits_allocated');
  if (samples === 1 && (bits === 8 || bits === 16)) return { samples, bits };
  if (samples === 3 && bits === 8) return { samples, bits };
  throw new ViewerError('undrawable', `Slides of ${samples} x ${bits} bit are not drawn here.`);
}

/** The answer for one instance; ViewerError when it is another's, or cannot be drawn. */
export function levelOf(instance: Instance, answer: unknown): SlideLevel {
  const raw = (answer ?? {}) as Raw;
  if (!isArchiveId(instance.id)) throw new ViewerError('request');
  if (raw.sop_uid !== instance.sop_uid) throw new ViewerError('wrong-image');
  const { samples, bits } = depth(raw);
  return {
    id: instance.id,
    width: whole(raw, 'width'),
    height: whole(raw, 'height'),
    tileWidth: whole(raw, 'tile_width'),
    tileHeight: whole(raw, 'tile_height'),
    flavour: String(raw.flavour ?? ''),
    layers: whole(raw, 'layers'),
    samples,
    bitsAllocated: bits,
    bitsStored: Math.min(bits, whole(raw, 'bits_stored')),
    signed: raw.signed === true,
    planar: raw.planar === true,
    photometric: String(raw.photometric ?? ''),
    syntax: String(raw.transfer_syntax ?? ''),
    spacing: spacingOf(raw.spacing),
    window: pair(raw.window),
  };
}

/** The levels that make the pyramid, the full size first; labels and overviews are pictures of their own. */
export function pyramidOf(levels: readonly SlideLevel[]): SlideLevel[] {
  const volume = levels.filter(({ flavour }) => flavour === VOLUME);
  const chosen = volume.length > 0 ? volume : levels;
  return [...chosen].sort((one, other) => other.width - one.width);
}
