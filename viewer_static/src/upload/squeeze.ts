/** Whether a file's pieces are compressed before they leave: only on slow lines, and only if it helps. */
import type { Chunk } from './chunks.ts';

export const SLOW_BYTES_PER_SECOND = 60_000_000 / 8;
const LEAST_GAIN = 0.1;

export interface Squeezable {
  readonly size: number;
  /** Holds plain numbers, as its header says. */
  readonly plain: boolean;
}

export const worthwhile = (file: Squeezable, above: number, bytesPerSecond: number): boolean =>
  file.plain && file.size > above && bytesPerSecond > 0 && bytesPerSecond < SLOW_BYTES_PER_SECOND;

export type Compress = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;

/** One file's answer to the question; a first piece that gains too little ends the trying. */
export class Squeezer {
  private pays = true;

  constructor(
    private readonly file: Squeezable,
    private readonly above: number,
    private readonly uplink: () => number,
    private readonly compress: Compress,
  ) {}

  /** The piece as it goes over the line, and whether that is compressed. */
  async packed({ bytes, blob }: Chunk): Promise<{ body: Blob; coded: boolean }> {
    const plain = { body: blob, coded: false };
    if (!this.pays || !worthwhile(this.file, this.above, this.uplink())) return plain;
    const body = await this.compress(bytes).catch(() => bytes);
    this.pays = body.length <= bytes.length * (1 - LEAST_GAIN);
    return this.pays ? { body: new Blob([body]), coded: true } : plain;
  }
}
