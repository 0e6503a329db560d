/** Files are read one piece at a time, whoever asks: an optical drive with five readers only seeks. */
import type { FileSource } from 'tus-js-client';

/** One piece, as it goes through tus-js-client, which looks at `size` only. */
export interface Chunk {
  readonly size: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same bytes for sending: an array would be copied on the page's thread, for seconds on a busy machine. */
  readonly blob: Blob;
}

/** Why a file could not be read: the medium, not the line. */
export class Unreadable extends Error {
  constructor(readonly code: 'unreadable' | 'removed' | 'changed') {
    super(code);
    this.name = 'Unreadable';
  }
}

function unreadable(thrown: unknown): Unreadable {
  const name = (thrown as { name?: unknown } | null)?.name;
  return new Unreadable(name === 'NotFoundError' ? 'removed' : 'unreadable');
}

export class ReadingQueue {
  private last: Promise<unknown> = Promise.resolve();

  read(file: Blob, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const piece = this.last.then(async () => {
      try {
        return new Uint8Array(await file.slice(start, end).arrayBuffer());
      } catch (thrown) {
        throw unreadable(thrown);
      }
    });
    this.last = piece.catch(() => undefined);
    return piece;
  }

  source(file: Blob): FileSource {
    return {
      size: file.size,
      slice: async (start, end) => {
        const bytes = await this.read(file, start, end);
        if (bytes.length !== end - start) throw new Unreadable('changed');
        const value: Chunk = { size: bytes.length, bytes, blob: file.slice(start, end) };
        return { value, done: end >= file.size };
      },
      close: () => undefined,
    };
  }
}
