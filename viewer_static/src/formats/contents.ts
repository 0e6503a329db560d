/** What the server says an instance holds beside or instead of a picture. */
import { type Instance, isArchiveId } from '../api.ts';
import { ViewerError } from '../errors.ts';
import type { Watch } from '../persist.ts';
import type { Transport } from '../transport.ts';

export interface Reference {
  readonly uid: string;
  readonly series: string;
  readonly class: string;
}

export interface ReportItem {
  readonly place: string;
  readonly relation: string;
  readonly type: string;
  readonly name: string;
  readonly value: string;
  readonly unit: string;
  readonly uid: string;
  readonly items: readonly ReportItem[];
}

export interface Report {
  readonly title: string;
  readonly completion: string;
  readonly verification: string;
  readonly verifiers: readonly string[];
  readonly date: string;
  readonly time: string;
  readonly items: readonly ReportItem[];
  /** There is more than is told. */
  readonly cut: boolean;
}

export interface Document {
  readonly mime: string;
  readonly title: string;
  readonly is_pdf: boolean;
  readonly size: number;
}

export type Colour = readonly [number, number, number];

export interface MaskFrame {
  readonly segment: number;
  /** Left, top, width, height, in pixels of the mask. */
  readonly box: readonly [number, number, number, number];
  readonly bits: 1 | 8;
  /** Base64. */
  readonly mask: string;
  readonly position: readonly number[] | null;
  readonly orientation: readonly number[] | null;
  /** Between rows, between columns. */
  readonly spacing: readonly number[] | null;
  /** SOP Instance UID, and frame or 0. */
  readonly images: readonly (readonly [string, number])[];
}

export interface Segmentation {
  readonly type: string;
  readonly rows: number;
  readonly columns: number;
  readonly frame_of_reference: string;
  readonly segments: readonly {
    readonly number: number;
    readonly label: string;
    readonly kind: string;
    readonly by: string;
    readonly colour: Colour | null;
  }[];
  readonly frames: readonly MaskFrame[];
  readonly too_large: boolean;
}

export interface Contour {
  readonly kind: string;
  /** x, y, z one after another, mm. */
  readonly points: readonly number[];
  readonly images: readonly string[];
  /** Of a report: x, y one after another, in pixels of the images it names. */
  readonly pixels?: readonly number[];
  /** Frames of those images; none where all are meant. */
  readonly numbers?: readonly number[];
}

export interface Structures {
  readonly regions: readonly {
    readonly number: string;
    readonly label: string;
    readonly kind: string;
    readonly frame_of_reference: string;
    readonly colour: Colour | null;
    readonly contours: readonly Contour[];
  }[];
  readonly too_large: boolean;
}

export interface Channel {
  readonly name: string;
  /** Electrocardiograms are in mV; empty where the file gives no scale. */
  readonly unit: string;
  readonly step: number;
  /** Base64 of 16 bit little endian: times `step`; -32768 is a gap. */
  readonly samples: string;
}

export interface Recording {
  readonly label: string;
  /** Samples per second. */
  readonly rate: number;
  readonly channels: readonly Channel[];
}

export interface Waves {
  readonly recordings: readonly Recording[];
  readonly too_large: boolean;
}

export interface Contents {
  readonly sop_uid: string;
  readonly class_name: string;
  readonly kind: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly references: readonly Reference[];
  readonly report?: Report;
  readonly document?: Document;
  readonly video?: { readonly size: string; readonly frames: string };
  readonly segmentation?: Segmentation;
  readonly structures?: Structures;
  readonly waves?: Waves;
}

/** By what the server calls the object. */
const NAMED: Readonly<Record<string, string>> = {
  'key object selection': 'Key images',
  document: 'Document',
  video: 'Video',
  waveform: 'Waveform',
  'presentation state': 'Presentation state',
  'structure set': 'Structure set',
  segmentation: 'Segmentation',
  'treatment plan': 'Treatment plan',
  'treatment record': 'Treatment record',
  registration: 'Registration',
  surface: 'Surface',
  spectroscopy: 'Spectroscopy',
  annotation: 'Annotations',
  report: 'Report',
};

export const titleOf = (kind: string): string => NAMED[kind] ?? 'Object without a picture';

/** Before it can tell anything the server may have to fetch some hundred megabytes. */
const PATIENT_MS = 180_000;

const path = (id: string, what: string): string => `api/pacs/instances/${id}/${what}`;

export async function askContents(
  transport: Transport,
  instance: Instance,
  watch: Watch,
): Promise<Contents> {
  if (!isArchiveId(instance.id)) throw new ViewerError('request');
  const told = (await transport.json(path(instance.id, 'contents'), watch, PATIENT_MS)) as Contents;
  if (told.sop_uid !== '' && told.sop_uid !== instance.sop_uid)
    throw new ViewerError('wrong-image');
  return told;
}

/** The document or video, proven by length and digest. */
export function askPayload(
  transport: Transport,
  { id }: Instance,
  watch: Watch,
): Promise<Uint8Array<ArrayBuffer>> {
  return transport.frame(path(id, 'payload'), watch);
}
