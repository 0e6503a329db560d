/** One file on its way: attempts, pauses and new beginnings, until the server holds all of it. */
import { type HttpStack, Upload } from 'tus-js-client';
import { type Clock, pause } from '../clock.ts';
import type { Gate } from '../gate.ts';
import { tallied } from '../retry.ts';
import { isUploadId, uploadsPath } from './answers.ts';
import type { ReadingQueue } from './chunks.ts';
import type { Ledger } from './ledger.ts';
import type { Meter } from './meter.ts';
import { waitMs } from './pace.ts';
import { hex, sha256 } from './sha256.ts';
import { type Compress, Squeezer } from './squeeze.ts';
import { type Line, ProvingStack } from './stack.ts';
import { Trouble, troubleOf } from './trouble.ts';

export interface Parcel {
  readonly file: Blob;
  readonly path: string;
  readonly fingerprint: string;
  readonly batch: string;
  readonly batchKey: string;
  /** Plain numbers inside: may be compressed on a slow line. */
  readonly plain: boolean;
  readonly target: string | null;
  /** The first is 0; one more each time the server has to begin from nothing. */
  readonly beginning: number;
}

export interface Post {
  readonly clock: Clock;
  /** Fires `wake` when waiting is over: the line is back, or somebody is impatient. */
  readonly wake: EventTarget;
  readonly gate?: Gate | undefined;
  readonly online: () => boolean;
  readonly reading: ReadingQueue;
  readonly meter: Meter;
  readonly ledger: Ledger;
  readonly endpoint: string;
  readonly chunkBytes: number;
  readonly compressAbove: number;
  readonly compress: Compress;
  readonly stack?: HttpStack;
}

export type Step =
  | { readonly state: 'checking' | 'proving' }
  | { readonly state: 'sending'; readonly coded: boolean }
  | { readonly state: 'network'; readonly tryAt: number | null; readonly why: string };

export interface Observer {
  step(step: Step): void;
  sent(bytes: number): void;
  named(id: string): void;
}

/** Longer than any page lives, and still a number timers can count. */
const UNTIL_WOKEN_MS = 2_000_000_000;
/** The server does not know who sends: the page asks, and it goes on. */
const UNKNOWN = new Set(['sign_in_required', 'change_token_refused']);
const MOST_BEGINNINGS = 5;

export const endpoint = (): string => new URL(uploadsPath, document.baseURI).href;

/** The server forgets the upload and its bytes. */
export const terminate = (id: string, headers: Record<string, string> = {}): Promise<void> =>
  Upload.terminate(`${endpoint()}/${id}`, { retryDelays: null, headers });

/** Safe to create again: the same file in the same batch asks for the same upload. */
export function creationKey(batchKey: string, fingerprint: string, beginning: number): string {
  const text = `${batchKey}|${fingerprint}|${beginning}`;
  const digest = hex(sha256(new TextEncoder().encode(text))).slice(0, 32);
  return digest.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export class Delivery {
  private url: string | null = null;
  private failures = 0;
  private stalls = 0;
  private beginning: number;
  private progressed = false;
  private readonly stack: ProvingStack;

  constructor(
    private readonly parcel: Parcel,
    private readonly post: Post,
    private readonly observer: Observer,
  ) {
    const known = post.ledger.upload(parcel.fingerprint, parcel.batch);
    this.beginning = parcel.beginning;
    if (known !== null) this.url = `${post.endpoint}/${known}`;
    this.stack = new ProvingStack(this.line(), post.stack);
  }

  /** Until the server holds the file; throws the Trouble that ends it, or what the signal was aborted with. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.post.gate?.passed(signal);
      signal.throwIfAborted();
      const pass = this.post.gate?.pass ?? 0;
      this.progressed = false;
      try {
        await this.attempt(signal);
        this.post.ledger.ended(this.parcel.fingerprint);
        return;
      } catch (thrown) {
        signal.throwIfAborted();
        const trouble = troubleOf(thrown);
        if (UNKNOWN.has(trouble.code)) this.post.gate?.refused(pass);
        else await this.overcome(trouble, signal);
      }
    }
  }

  private async overcome(trouble: Trouble, signal: AbortSignal): Promise<void> {
    if (trouble.verdict === 'stop') throw trouble;
    if (trouble.verdict === 'gone') this.anew(trouble);
    this.failures = tallied(this.failures, this.progressed);
    this.stalls = trouble.code === 'stalled' ? tallied(this.stalls, this.progressed) : 0;
    await this.rest(trouble, signal);
    signal.throwIfAborted();
  }

  /** The server has let go of it: sent from its first byte, under another key. */
  private anew(trouble: Trouble): void {
    this.beginning += 1;
    if (this.beginning - this.parcel.beginning >= MOST_BEGINNINGS)
      throw new Trouble('stop', trouble.code, trouble.detail);
    this.post.ledger.ended(this.parcel.fingerprint);
    this.url = null;
    this.observer.sent(0);
  }

  private rest(trouble: Trouble, signal: AbortSignal): Promise<void> {
    const { clock, wake, online } = this.post;
    const ms = online() ? waitMs(this.failures, clock.random(), trouble.askedMs) : null;
    const tryAt = ms === null ? null : clock.now() + ms;
    this.observer.step({ state: 'network', tryAt, why: trouble.detail });
    return pause(clock, ms ?? UNTIL_WOKEN_MS, signal, wake);
  }

  private attempt(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const quit = () => {
        void upload.abort();
        reject(signal.reason);
      };
      const over = (end: () => void) => {
        signal.removeEventListener('abort', quit);
        end();
      };
      const upload = this.upload(
        () => over(resolve),
        (error) => over(() => reject(error)),
      );
      signal.addEventListener('abort', quit);
      upload.start();
    });
  }

  /** One attempt: whether and when there is another is decided here, not there. */
  private upload(onSuccess: () => void, onError: (error: Error) => void): Upload {
    const { parcel, post } = this;
    const upload = new Upload(parcel.file, {
      endpoint: post.endpoint,
      headers: post.gate?.headers ?? {},
      uploadUrl: this.url,
      metadata: this.metadata(),
      chunkSize: post.chunkBytes,
      uploadDataDuringCreation: parcel.file.size <= post.chunkBytes,
      retryDelays: null,
      storeFingerprintForResuming: false,
      fingerprint: async () => parcel.fingerprint,
      fileReader: { openFile: async () => post.reading.source(parcel.file) },
      httpStack: this.stack,
      onUploadUrlAvailable: () => this.named(upload.url ?? ''),
      onProgress: (sent) => this.observer.sent(sent),
      onChunkComplete: () => this.accepted(),
      onSuccess,
      onError,
    });
    return upload;
  }

  private accepted(): void {
    this.progressed = true;
    this.stalls = 0;
  }

  private metadata(): Record<string, string> {
    const { batch, batchKey, path, fingerprint, target } = this.parcel;
    const key = creationKey(batchKey, fingerprint, this.beginning);
    return { key, batch, name: path, ...(target === null ? {} : { target }) };
  }

  private named(url: string): void {
    const id = url.split('/').at(-1);
    if (!isUploadId(id)) return;
    this.url = url;
    this.post.ledger.began(this.parcel.fingerprint, this.parcel.batch, id);
    this.observer.named(id);
  }

  private line(): Line {
    const { clock, meter, compressAbove, compress } = this.post;
    const uplink = () => meter.rate(clock.now());
    const squeezable = { size: this.parcel.file.size, plain: this.parcel.plain };
    return {
      clock,
      squeezer: new Squeezer(squeezable, compressAbove, uplink, compress),
      wire: (bytes) => meter.add(bytes, clock.now()),
      stalls: () => this.stalls,
      stage: (stage, coded) =>
        this.observer.step(stage === 'sending' ? { state: stage, coded } : { state: stage }),
    };
  }
}
