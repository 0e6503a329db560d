/** The upload questions this page asks the proxy, and the shapes of the answers. */
import type { Watch } from '../persist.ts';
import type { Transport } from '../transport.ts';

export type Source = 'files' | 'folder' | 'usb';

export interface Limits {
  readonly chunk_bytes: number;
  readonly file_bytes: number;
  readonly parallel: number;
  /** Larger files may be sent compressed. */
  readonly compress_above: number;
}

export interface Outcomes {
  readonly stored: number;
  readonly duplicate: number;
  readonly conflict: number;
  readonly refused: number;
  readonly skipped: number;
}

export interface RemoteUpload {
  readonly id: string;
  readonly name: string;
  readonly length: number;
  readonly offset: number;
  readonly state: string;
  readonly code: string | null;
  readonly detail: string | null;
  readonly kind: string | null;
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly results: Outcomes;
  readonly study: string | null;
}

export type Outcome = keyof Outcomes;

export interface RemoteResult {
  readonly id: number;
  readonly upload: string;
  readonly member: string;
  readonly outcome: Outcome;
  readonly code: string | null;
  readonly detail: string | null;
  readonly instance: string | null;
  readonly study: string | null;
}

export interface BatchHead {
  readonly id: string;
  readonly label: string | null;
  readonly rev: number;
}

export interface BatchNews extends BatchHead {
  readonly source: Source | 'reference';
  readonly uploads: readonly RemoteUpload[];
  readonly results: readonly RemoteResult[];
  /** More has changed than fits one answer. */
  readonly more?: boolean;
}

const ROOT = 'api/uploads';

/** Names of batches and uploads; anything else never becomes part of an address. */
export const isUploadId = (id: unknown): id is string =>
  typeof id === 'string' && /^[0-9a-f]{32}$/.test(id);

export const uploadsPath = ROOT;
export const reportPath = (batch: string): string => `${ROOT}/batches/${batch}/report`;

export async function limits(transport: Transport, watch: Watch): Promise<Limits> {
  return (await transport.json(`${ROOT}/limits`, watch)) as Limits;
}

export interface NewBatch {
  /** Safe to ask again: the same key is the same batch. */
  readonly key: string;
  readonly source: Source;
  readonly expected: number;
}

export async function createBatch(
  transport: Transport,
  batch: NewBatch,
  watch: Watch,
): Promise<BatchHead> {
  return (await transport.change('POST', `${ROOT}/batches`, batch, watch)) as BatchHead;
}

export async function batchNews(
  transport: Transport,
  batch: string,
  rev: number,
  watch: Watch,
): Promise<BatchNews> {
  return (await transport.json(`${ROOT}/batches/${batch}?rev=${rev}`, watch)) as BatchNews;
}

export async function cancelBatch(
  transport: Transport,
  batch: string,
  watch: Watch,
): Promise<void> {
  await transport.change('DELETE', `${ROOT}/batches/${batch}`, null, watch);
}

export interface Side {
  readonly size: number;
  readonly md5: string | null;
}

export interface Conflict {
  readonly id: number;
  /** Seconds since 1970: then the archive's stays and the uploaded one goes. */
  readonly decide_by?: number;
  /** Null: the archive has it no more. */
  readonly archive: Side | null;
  readonly uploaded: Side;
  readonly tags: readonly {
    readonly name: string;
    readonly archive: string;
    readonly uploaded: string;
  }[];
}

export async function conflict(transport: Transport, id: number, watch: Watch): Promise<Conflict> {
  return (await transport.json(`${ROOT}/conflicts/${id}`, watch)) as Conflict;
}

export async function decide(
  transport: Transport,
  id: number,
  choice: string,
  watch: Watch,
): Promise<void> {
  await transport.change('POST', `${ROOT}/conflicts/${id}`, { choice }, watch);
}
