/** What this browser must know to go on after a reload: unfinished batches and uploads, without any file name. */
import { isUploadId } from './answers.ts';
import { hex, sha256 } from './sha256.ts';

export interface KnownBatch {
  readonly key: string;
  readonly expected: number;
}

interface KnownUpload {
  readonly id: string;
  readonly batch: string;
}

interface Pages {
  readonly salt: string;
  readonly batches: Record<string, KnownBatch>;
  readonly uploads: Record<string, KnownUpload>;
}

const PLACE = 'pacs-proxy.uploads';

export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** A file as a person would call it the same: path, size and time of the last change. */
export interface Identity {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
}

export class Ledger {
  private pages: Pages;

  constructor(
    private readonly store: Store | null,
    salt: string,
  ) {
    this.pages = this.read() ?? { salt, batches: {}, uploads: {} };
  }

  get batches(): readonly (readonly [string, KnownBatch])[] {
    return Object.entries(this.pages.batches);
  }

  /** Salted: nobody finds a name by hashing guesses. */
  fingerprint({ path, size, modified }: Identity): string {
    const text = JSON.stringify([this.pages.salt, path, size, modified]);
    return hex(sha256(new TextEncoder().encode(text)));
  }

  opened(batch: string, known: KnownBatch): void {
    this.pages.batches[batch] = known;
    this.write();
  }

  /** Nothing of it is left to send: all its uploads are forgotten too. */
  closed(batch: string): void {
    delete this.pages.batches[batch];
    for (const [fingerprint, upload] of Object.entries(this.pages.uploads))
      if (upload.batch === batch) delete this.pages.uploads[fingerprint];
    this.write();
  }

  upload(fingerprint: string, batch: string): string | null {
    const known = this.pages.uploads[fingerprint];
    return known?.batch === batch ? known.id : null;
  }

  began(fingerprint: string, batch: string, id: string): void {
    if (this.pages.uploads[fingerprint]?.id === id) return;
    this.pages.uploads[fingerprint] = { id, batch };
    this.write();
  }

  ended(fingerprint: string): void {
    if (this.pages.uploads[fingerprint] === undefined) return;
    delete this.pages.uploads[fingerprint];
    this.write();
  }

  private read(): Pages | null {
    try {
      const pages = JSON.parse(this.store?.getItem(PLACE) ?? 'null') as Pages | null;
      return pages !== null && whole(pages) ? pages : null;
    } catch {
      return null;
    }
  }

  /** A full or forbidden store costs only the going on after a reload. */
  private write(): void {
    try {
      const { batches, uploads } = this.pages;
      const empty = Object.keys(batches).length + Object.keys(uploads).length === 0;
      if (empty) this.store?.removeItem(PLACE);
      else this.store?.setItem(PLACE, JSON.stringify(this.pages));
    } catch {
      // Said above.
    }
  }
}

function whole(pages: Pages): boolean {
  const uploads = Object.values(pages.uploads ?? {});
  return (
    typeof pages.salt === 'string' &&
    Object.keys(pages.batches ?? {}).every(isUploadId) &&
    uploads.every(({ id, batch }) => isUploadId(id) && isUploadId(batch))
  );
}
