/** Images that Key Object Selection documents of the archive (PS3.3 A.35.4) point to, by what these call them. */
import { type SeriesHead, series as seriesOf } from '../api.ts';
import { recognised } from '../errors.ts';
import type { Watch } from '../persist.ts';
import type { Transport } from '../transport.ts';
import { askContents, type Contents } from './contents.ts';

/** Of one study: somebody who wrote more is not followed unasked. */
const MOST = 20;

/** SOP Instance UIDs, each with the titles of the documents that name it. */
export function titled(documents: readonly Contents[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { references, report } of documents) {
    const title = report?.title || 'Key object';
    for (const { uid } of references) {
      const known = found.get(uid)?.split(', ') ?? [];
      if (!known.includes(title)) found.set(uid, [...known, title].join(', '));
    }
  }
  return found;
}

/** Fires `change` when a document was read. */
export class KeyNotes extends EventTarget {
  private titles: ReadonlyMap<string, string> = new Map();
  private leaving = new AbortController();

  constructor(private readonly transport: Transport) {
    super();
  }

  close(): void {
    this.leaving.abort();
    this.titles = new Map();
  }

  /** What cannot be read stays unsaid here: the document is a series of its own, and says it there. */
  async open(series: readonly SeriesHead[]): Promise<void> {
    this.close();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    const read: Contents[] = [];
    for (const head of series.filter(({ modality }) => modality === 'KO')) {
      const documents = await this.documents(head, MOST - read.length, signal);
      if (signal.aborted) return;
      read.push(...documents);
      this.titles = titled(read);
      this.dispatchEvent(new Event('change'));
    }
  }

  titleOf(sopUid: string): string | null {
    return this.titles.get(sopUid) ?? null;
  }

  private async documents(
    { id }: SeriesHead,
    most: number,
    signal: AbortSignal,
  ): Promise<Contents[]> {
    const watch: Watch = { signal, waiting: () => undefined };
    const found: Contents[] = [];
    try {
      const { instances } = await seriesOf(this.transport, id, watch);
      for (const instance of instances.slice(0, Math.max(0, most)))
        found.push(await askContents(this.transport, instance, watch));
    } catch (thrown) {
      recognised(thrown);
    }
    return found.filter(({ kind }) => kind === 'key object selection');
  }
}
