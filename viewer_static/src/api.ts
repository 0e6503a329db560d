/** The questions this page asks the proxy, and the shapes of the answers. */
import type { Watch } from './persist.ts';
import type { Transport } from './transport.ts';

export interface Study {
  readonly id: string;
  readonly study_uid: string;
  readonly patient_name: string;
  readonly patient_id: string;
  readonly patient_birth_date: string;
  readonly patient_sex: string;
  readonly study_date: string;
  readonly study_time: string;
  readonly description: string;
  readonly accession: string;
  readonly modalities: readonly string[];
  readonly series_count: number;
  readonly instance_count: number;
  /** Given here, not in the DICOM: the medium it came from. */
  readonly labels?: readonly string[];
  /** How it came: uploaded, usb, modality. */
  readonly source?: string;
  /** The list's number when it came; above that of an earlier list it is new. */
  readonly arrived?: number;
  /** Of another study of the patient: how it stands to the one that is open. Said by the page. */
  readonly beside?: When;
}

export type When = 'earlier' | 'later' | 'other';

export interface SeriesHead {
  readonly id: string;
  readonly series_uid: string;
  readonly modality: string;
  readonly description: string;
  readonly number: number | null;
  readonly instance_count: number;
  readonly body_part: string;
  readonly protocol: string;
  readonly thumbnail_instance: string | null;
  /** Of its only instance, where the study was asked for. */
  readonly frames?: number | null;
}

export interface Instance {
  readonly id: string;
  readonly sop_uid: string;
  readonly number: number | null;
  readonly frames: number;
  readonly size: number;
  readonly md5: string | null;
  readonly position: readonly number[] | null;
  readonly orientation: readonly number[] | null;
}

export interface Skipped {
  readonly id: string;
  readonly reason: string;
}

export interface StudyPage {
  readonly items: readonly Study[];
  readonly limit: number;
  readonly offset: number;
  readonly total: number | null;
  readonly more: boolean;
  readonly sorted?: boolean;
  readonly cursor?: number;
  /** The archive does not answer: what it held then, in seconds since 1970. */
  readonly as_of?: number | null;
}

export interface News {
  readonly cursor: number;
  readonly arrived: number;
}

export type StudyDetail = Study & {
  readonly series: readonly SeriesHead[];
  /** Opened in an emergency, out of reach: until then, in seconds since 1970. */
  readonly emergency_until?: number;
};

export type SeriesDetail = SeriesHead & {
  readonly study: Study;
  readonly instances: readonly Instance[];
  readonly skipped: readonly Skipped[];
};

export interface ArchiveStatus {
  readonly archive: 'ok' | 'unreachable' | 'recovering';
  readonly since_seconds: number;
  readonly retry_after: number;
}

export interface Search {
  readonly patient_name: string;
  readonly patient_id: string;
  readonly accession: string;
  readonly description: string;
  readonly modality: string;
  readonly date_from: string;
  readonly date_to: string;
  readonly label: string;
  readonly birth_date: string;
  readonly source: string;
  readonly sort: string;
  readonly order: string;
}

const ROOT = 'api/pacs';
/** Of one page. */
const MOST = 200;

/** Orthanc's identifiers; anything else never becomes part of an address. */
export const isArchiveId = (id: unknown): id is string =>
  typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{8}){4}$/.test(id);

export const statusPath = `${ROOT}/status`;
export const newsPath = (since: number): string => `${ROOT}/news?since=${since}`;
/** As `display`, in fewer bytes where the pixels stay the same: for a slow link. */
export const compactPath = (id: string): string => `${ROOT}/instances/${id}/compact`;

/** Asked by POST: it is written down who was given it. */
export const directPath = (id: string): string => `${ROOT}/instances/${id}/direct`;

export const displayPath = (id: string): string => `${ROOT}/instances/${id}/display`;
export const downloadPath = (id: string): string => `${ROOT}/instances/${id}/download`;

/** A PNG, or a JPEG of this quality. */
export function renderedPath(id: string, frame: number, size: number, quality = 0): string {
  const form = quality > 0 ? `&quality=${quality}` : '';
  return `${ROOT}/instances/${id}/rendered?frame=${frame}&size=${size}${form}`;
}

export function studiesPath(search: Partial<Search>, limit: number, offset: number): string {
  const query = new URLSearchParams({ limit: String(limit), offset: String(offset) });
  for (const [name, value] of Object.entries(search)) {
    if (value.trim() !== '') query.set(name, value.trim());
  }
  return `${ROOT}/studies?${query}`;
}

export async function studies(
  transport: Transport,
  search: Partial<Search>,
  limit: number,
  offset: number,
  watch: Watch,
): Promise<StudyPage> {
  return (await transport.json(studiesPath(search, limit, offset), watch)) as StudyPage;
}

export async function study(transport: Transport, id: string, watch: Watch): Promise<StudyDetail> {
  const found = (await transport.json(`${ROOT}/studies/${id}`, watch)) as StudyDetail;
  if ('emergency_until' in found) transport.unkept.add(id);
  return found;
}

export async function series(
  transport: Transport,
  id: string,
  watch: Watch,
): Promise<SeriesDetail> {
  return (await transport.json(`${ROOT}/series/${id}`, watch)) as SeriesDetail;
}

/** What else the same patient had, by the archive's patient ID; without one nobody can tell. */
export async function othersOf(
  transport: Transport,
  { id, patient_id }: Study,
  watch: Watch,
): Promise<Study[]> {
  const all = await ofPatient(transport, patient_id, watch);
  return all.filter((other) => other.id !== id);
}

/** The newest 200 at the most. */
export async function ofPatient(
  transport: Transport,
  patient_id: string,
  watch: Watch,
): Promise<Study[]> {
  if (patient_id === '') return [];
  const page = await studies(transport, { patient_id }, MOST, 0, watch);
  return page.items.filter((one) => one.patient_id === patient_id);
}

/** One figure as the archive keeps it. */
export interface ArchivedMark {
  readonly id: string;
  readonly instance: string;
  /** From 1; 0 where the image has no frames. */
  readonly frame: number;
  readonly kind: string;
  readonly points: readonly (readonly [number, number])[];
  readonly label: string;
  readonly values: readonly {
    readonly name: string;
    readonly value: number;
    readonly unit: string;
  }[];
}

export interface Archived {
  /** DICOM date and time; null when nothing was saved. */
  readonly made: string | null;
  readonly observer: string;
  readonly marks: readonly ArchivedMark[];
}

export async function measurements(
  transport: Transport,
  studyId: string,
  watch: Watch,
): Promise<Archived> {
  return (await transport.json(`${ROOT}/studies/${studyId}/measurements`, watch)) as Archived;
}

export async function keepMeasurements(
  transport: Transport,
  studyId: string,
  marks: readonly ArchivedMark[],
  watch: Watch,
): Promise<void> {
  await transport.change('POST', `${ROOT}/studies/${studyId}/measurements`, { marks }, watch);
}
