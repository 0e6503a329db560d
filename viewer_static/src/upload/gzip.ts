/** gzip, and the worker that does it: one for the page, started at the first piece worth it. */

export interface ToPack {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface Packed {
  readonly id: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

export async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

interface Waiter {
  readonly resolve: (body: Uint8Array<ArrayBuffer>) => void;
  readonly reject: (error: Error) => void;
}

export class Gzip {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiter>();
  private count = 0;

  /** Rejects when there is no such thread: the piece then goes as it is. */
  readonly pack = (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
    new Promise((resolve, reject) => {
      this.count += 1;
      this.waiting.set(this.count, { resolve, reject });
      this.started().postMessage({ id: this.count, bytes } satisfies ToPack);
    });

  private started(): Worker {
    if (this.worker !== null) return this.worker;
    const worker = new Worker(new URL('./gzip.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<Packed>) => {
      this.waiting.get(data.id)?.resolve(data.body);
      this.waiting.delete(data.id);
    };
    worker.onerror = () => this.failed();
    this.worker = worker;
    return worker;
  }

  private failed(): void {
    for (const { reject } of this.waiting.values()) reject(new Error('no thread to compress in'));
    this.waiting.clear();
    this.worker?.terminate();
    this.worker = null;
  }
}
