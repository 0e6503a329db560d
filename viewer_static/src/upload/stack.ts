/** The HTTP of an upload: each piece with its digest, compressed where it pays, watched for silence. */
import {
  DefaultHttpStack,
  type HttpRequest,
  type HttpResponse,
  type HttpStack,
} from 'tus-js-client';
import type { Clock } from '../clock.ts';
import { Watchdog } from '../watchdog.ts';
import type { Chunk } from './chunks.ts';
import { base64, digestOf } from './sha256.ts';
import type { Squeezer } from './squeeze.ts';
import { broken, refused, stalled, type Trouble } from './trouble.ts';

const STALL_MS = 30_000;

export interface Line {
  readonly clock: Clock;
  /** None: the body goes as it is. */
  readonly squeezer?: Squeezer;
  /** Bytes that went over the line. */
  readonly wire: (bytes: number) => void;
  readonly stage: (stage: 'checking' | 'sending' | 'proving', coded: boolean) => void;
  /** How often in a row this file stalled: each time more patience. */
  readonly stalls: () => number;
}

/** A request that answers with success or throws a Trouble. */
class ProvenRequest implements HttpRequest {
  private told: (bytes: number) => void = () => undefined;
  private quit: () => void = () => undefined;
  private aborted = false;

  constructor(
    private readonly inner: HttpRequest,
    private readonly line: Line,
  ) {}

  getMethod = (): string => this.inner.getMethod();
  getURL = (): string => this.inner.getURL();
  getHeader = (name: string): string | undefined => this.inner.getHeader(name);
  getUnderlyingObject = (): unknown => this.inner.getUnderlyingObject();

  setHeader(name: string, value: string): void {
    this.inner.setHeader(name, value);
  }

  setProgressHandler(told: (bytes: number) => void): void {
    this.told = told;
  }

  abort(): Promise<void> {
    this.aborted = true;
    this.quit();
    return this.inner.abort();
  }

  async send(chunk: Chunk | null): Promise<HttpResponse> {
    const body = chunk === null ? null : await this.prepared(chunk);
    if (this.aborted) return new Promise(() => undefined);
    return this.proven(body, chunk?.size ?? 0);
  }

  /** A body that needs no more looking at. */
  async proven(body: Blob | null, identity: number): Promise<HttpResponse> {
    const response = await this.watched(body, identity);
    const status = response.getStatus();
    if (status >= 200 && status < 300) return response;
    throw this.refusal(response, status);
  }

  private refusal(response: HttpResponse, status: number): Trouble {
    const told = {
      method: this.getMethod(),
      status,
      retryAfter: response.getHeader('Retry-After') ?? null,
      body: response.getBody(),
    };
    return refused(told, this.line.clock.now());
  }

  private async prepared(chunk: Chunk): Promise<Blob> {
    this.line.stage('checking', false);
    const digest = await digestOf(chunk.bytes);
    this.setHeader('Upload-Checksum', `sha256 ${base64(digest)}`);
    const whole = this.getMethod() !== 'PATCH';
    const squeezer = whole ? undefined : this.line.squeezer;
    const { body, coded } = (await squeezer?.packed(chunk)) ?? { body: chunk.blob, coded: false };
    if (coded) this.setHeader('Content-Encoding', 'gzip');
    this.line.stage('sending', coded);
    return body;
  }

  /** Ends when nothing moves. The kernel takes the last bytes long before they have left: more patience then. */
  private watched(body: Blob | null, identity: number): Promise<HttpResponse> {
    const { clock, stalls } = this.line;
    const began = clock.now();
    let sent = 0;
    return new Promise((resolve, reject) => {
      const patience = () => {
        const handedOver = body !== null && sent >= body.size;
        return STALL_MS * 2 ** Math.min(stalls(), 3) + (handedOver ? clock.now() - began : 0);
      };
      const dog = new Watchdog(clock, patience, () => {
        void this.inner.abort();
        reject(stalled());
      });
      this.quit = () => dog.stop();
      this.inner.setProgressHandler((loaded) => {
        dog.kick();
        this.line.wire(loaded - sent);
        sent = loaded;
        this.progress(loaded, body?.size ?? 0, identity);
      });
      this.inner
        .send(body)
        .then(resolve, () => reject(broken()))
        .finally(() => dog.stop());
    });
  }

  /** Progress is told in the file's own bytes, whatever went over the line. */
  private progress(loaded: number, wire: number, identity: number): void {
    if (wire === 0) return;
    this.told(Math.min(identity, Math.round((loaded / wire) * identity)));
    if (loaded >= wire) this.line.stage('proving', false);
  }
}

export class ProvingStack implements HttpStack {
  constructor(
    private readonly line: Line,
    private readonly inner: HttpStack = new DefaultHttpStack({}),
  ) {}

  createRequest(method: string, url: string): HttpRequest {
    return new ProvenRequest(this.inner.createRequest(method, url), this.line);
  }

  /** One request with this body; its answer's text. Throws a Trouble, or what the signal says. */
  async deliver(
    url: string,
    headers: Record<string, string>,
    body: Blob,
    told: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const request = new ProvenRequest(this.inner.createRequest('POST', url), this.line);
    for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
    request.setProgressHandler(told);
    const gone = new Promise<never>((_, reject) => {
      const quit = () => {
        void request.abort();
        reject(signal.reason);
      };
      signal.addEventListener('abort', quit, { once: true });
    });
    return (await Promise.race([request.proven(body, body.size), gone])).getBody();
  }

  getName(): string {
    return 'ProvingStack';
  }
}
