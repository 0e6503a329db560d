/** MD5 of whole files beside the thread that draws: on it, 100 slices cost a tenth of a second. */
import type { Clock } from './clock.ts';
import { ViewerError } from './errors.ts';
import { md5 } from './md5.ts';

/** The bytes travel to whoever digests them, and come back with the digest. */
export interface Digested {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly md5: string;
}

export type Digest = (bytes: Uint8Array<ArrayBuffer>) => Promise<Digested>;

export interface Question {
  readonly turn: number;
  readonly buffer: ArrayBuffer;
}

/** A worker's first word, without an answer, says that it has started. */
export type Reply = { readonly answer: null } | { readonly answer: Question & { md5: string } };

/** What is needed of a Worker. */
export interface Helper {
  postMessage(question: Question, transfer: Transferable[]): void;
  addEventListener(name: 'message', heard: (event: MessageEvent<Reply>) => void): void;
  addEventListener(name: 'error' | 'messageerror', heard: (event: Event) => void): void;
  terminate(): void;
}

/** 2 GB take 5 s on a slow machine; what takes this long has died. */
const LIMIT_MS = 30_000;

export const digestHere: Digest = (bytes) => Promise.resolve({ bytes, md5: md5(bytes) });

interface Waiting {
  readonly resolve: (digested: Digested) => void;
  readonly reject: (error: ViewerError) => void;
}

/** Until the helper has started, and after it has failed, bytes are digested here. */
export class DigestBeside {
  private helper: Helper | null = null;
  private isReady = false;
  private turn = 0;
  private readonly waiting = new Map<number, Waiting>();

  constructor(
    private readonly clock: Clock,
    make: () => Helper,
  ) {
    try {
      this.helper = make();
      this.helper.addEventListener('message', ({ data }) => this.heard(data));
      for (const name of ['error', 'messageerror'] as const)
        this.helper.addEventListener(name, () => this.failed());
    } catch {
      this.failed();
    }
  }

  readonly digest: Digest = (bytes) => {
    const { helper } = this;
    if (helper === null || !this.isReady) return digestHere(bytes);
    this.turn += 1;
    const { turn } = this;
    const cancel = this.clock.after(LIMIT_MS, () => this.failed());
    return new Promise<Digested>((resolve, reject) => {
      this.waiting.set(turn, { resolve, reject });
      helper.postMessage({ turn, buffer: bytes.buffer }, [bytes.buffer]);
    }).finally(cancel);
  };

  private heard({ answer }: Reply): void {
    this.isReady = true;
    if (answer === null) return;
    const { turn, buffer, md5 } = answer;
    this.waiting.get(turn)?.resolve({ bytes: new Uint8Array(buffer), md5 });
    this.waiting.delete(turn);
  }

  /** What it held is lost with it; the files are asked for again. */
  private failed(): void {
    this.helper?.terminate();
    this.helper = null;
    const lost = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of lost)
      reject(new ViewerError('short', 'The file was lost while it was checked.'));
  }
}
