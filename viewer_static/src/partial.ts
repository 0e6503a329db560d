/** The bytes of one file so far: survives a cut, so that a byte received is never asked for again. */
import { ViewerError } from './errors.ts';
import type { Announced } from './instance.ts';

/** Above this an ArrayBuffer is refused by browsers anyway. */
const LARGEST = 2 ** 31 - 1;

export class Partial {
  received = 0;
  /** A wrong digest came out of the HTTP cache or the link: the next attempt must go past the cache. */
  suspect = false;
  private buffer = new Uint8Array(0);
  private announced: Announced | null = null;
  private etag: string | null = null;

  /** Headers that ask for the rest; none when there is nothing to continue safely. */
  rangeHeaders(): Record<string, string> {
    if (this.received === 0 || this.etag === null || this.etag.startsWith('W/')) return {};
    return { Range: `bytes=${this.received}-`, 'If-Range': this.etag };
  }

  /** A whole answer starts the file again, whatever was there. */
  begin(announced: Announced, etag: string | null): void {
    if (announced.length > LARGEST)
      throw new ViewerError('memory', 'The image is too large for a browser.');
    this.reset();
    this.buffer = new Uint8Array(announced.length);
    this.announced = announced;
    this.etag = etag;
  }

  /** A part may continue only the same file from exactly where it stopped. */
  resume(contentRange: string | null, etag: string | null): Announced {
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(contentRange ?? '');
    const fits = Number(range?.[1]) === this.received && Number(range?.[2]) === this.buffer.length;
    if (this.announced === null || !fits || etag !== this.etag) {
      this.reset();
      throw new ViewerError('short', 'The part that arrived does not continue the file.');
    }
    return this.announced;
  }

  take(chunk: Uint8Array): void {
    if (this.received + chunk.length > this.buffer.length) {
      this.reset();
      throw new ViewerError('short', 'More bytes arrived than were announced.');
    }
    this.buffer.set(chunk, this.received);
    this.received += chunk.length;
  }

  reset(): void {
    this.received = 0;
    this.buffer = new Uint8Array(0);
    this.announced = null;
    this.etag = null;
  }

  get total(): number {
    return this.buffer.length;
  }

  /** The file, which now belongs to the caller; short ones keep what they have for the next attempt. */
  finished(): Uint8Array<ArrayBuffer> {
    if (this.received < this.buffer.length) {
      throw new ViewerError('short', `${this.received} of ${this.buffer.length} bytes arrived.`);
    }
    const { buffer } = this;
    this.reset();
    return buffer;
  }
}

/** Whatever failed may lie in the HTTP cache: past it from now on; whole, if there is no such part. */
export function afterFailure(partial: Partial): (thrown: unknown) => never {
  return (thrown) => {
    if (thrown instanceof ViewerError && thrown.category === 'cancelled') throw thrown;
    partial.suspect = true;
    if (!(thrown instanceof ViewerError) || thrown.status !== 416) throw thrown;
    partial.reset();
    throw new ViewerError('short', 'The server could not continue the file.');
  };
}
