/** The only door to the network: what leaves here is whole, proven and of the right kind, or an error. */
import { notElsewhere, ofKind, parsed, refusal, vouchedFor, whole } from './answer.ts';
import { through } from './device/device.ts';
import type { Vault, Wanted } from './device/vault.ts';
import type { Digest } from './digest.ts';
import { type Digests, recognised, ViewerError } from './errors.ts';
import type { Gate } from './gate.ts';
import { Goodput } from './goodput.ts';
import type { Expected } from './instance.ts';
import { Leftovers } from './leftovers.ts';
import { afterFailure, type Partial } from './partial.ts';
import { type Pace, persist, type Watch } from './persist.ts';
import { checked, opened, type Proven } from './proven.ts';
import { kindOf, type Telemetry } from './telemetry.ts';
import { type Answered, Traffic } from './traffic.ts';
import { type Silence, Watchdog } from './watchdog.ts';

export interface Line extends Pace {
  readonly fetch: typeof globalThis.fetch;
  /** How long silence is borne: longer while the server itself says it waits for the archive. */
  readonly stallMs: () => number;
  readonly digest: Digest;
  /** What this page saw, for those who operate the server. */
  readonly seen?: Telemetry;
  /** Where the pace of the link is kept until the page is opened again. */
  readonly memory?: Pick<Storage, 'getItem' | 'setItem'>;
}

/** Deleting a large study takes an archive a while, and it says nothing meanwhile. */
const CHANGE_MS = 120_000;

interface Listeners {
  readonly watch: Watch;
  readonly silence: Silence;
}

interface Asked {
  readonly response: Response;
  readonly dog: Watchdog;
}

export class Transport {
  readonly goodput: Goodput;
  readonly traffic = new Traffic();
  /** What is kept on this device, if its reader wants that. */
  vault: Promise<Vault | null> | null = null;
  /** Studies of which no device keeps anything: opened in an emergency. */
  readonly unkept = new Set<string>();
  private readonly leftovers = new Leftovers();

  constructor(private readonly line: Line) {
    this.goodput = new Goodput(line.memory);
    if (line.seen !== undefined) line.seen.sample = () => this.sample();
  }

  private sample() {
    const { bytesPerSecond } = this.goodput;
    const { roundTripMs: answer, lookupMs: lookup } = this.traffic;
    return { answer, lookup, goodput: bytesPerSecond === null ? null : bytesPerSecond / 125 };
  }

  /** What the browser's own network clock says of anything that came. */
  heard(answers: readonly Answered[]): void {
    this.goodput.heard(answers);
    this.traffic.heard(answers);
  }

  /** Whoever asks by other ways than this one waits there too. */
  get gate(): Gate | undefined {
    return this.line.gate;
  }

  get seen(): Telemetry | undefined {
    return this.line.seen;
  }

  /** Anything else that hangs on the link, with the same patience. */
  stubbornly<T>(watch: Watch, attempt: () => Promise<T>): Promise<T> {
    return persist(this.line, watch, attempt);
  }

  /** One short answer now or an error: for polling, which has its own pace. */
  async glance(path: string, limitMs: number): Promise<unknown> {
    const { gate } = this.line;
    for (;;) {
      await gate?.passed();
      const pass = gate?.pass ?? 0;
      const response = await this.once(path, limitMs);
      if (response.status !== 401 || gate === undefined) return response.body;
      gate.refused(pass);
    }
  }

  private async once(path: string, limitMs: number): Promise<{ status: number; body: unknown }> {
    const giveUp = new AbortController();
    const cancel = this.line.clock.after(limitMs, () => giveUp.abort());
    try {
      const response = await this.line.fetch(path, {
        cache: 'no-store',
        redirect: 'error',
        signal: giveUp.signal,
      });
      return { status: response.status, body: await response.json() };
    } finally {
      cancel();
    }
  }

  /** `patientMs` is a silence that the server may need before it can answer at all. */
  json(path: string, watch: Watch, patientMs = 0): Promise<unknown> {
    const read = async ({ response }: Asked) => {
      ofKind(response, 'application/json');
      const body = new Uint8Array(await response.arrayBuffer());
      vouchedFor(response, body);
      return parsed(new TextDecoder().decode(body), response);
    };
    return persist(this.line, watch, () =>
      this.attempt(path, { cache: 'no-store' }, watch, read, patientMs),
    );
  }

  /** One frame as the archive stores it, proven by the length and digest of its answer. */
  frame(path: string, watch: Watch): Promise<Uint8Array<ArrayBuffer>> {
    let asked = false;
    return persist(this.line, watch, () => {
      // Whatever failed may lie in the HTTP cache.
      const init: RequestInit = asked ? { cache: 'reload' } : {};
      asked = true;
      return this.attempt(path, init, watch, async ({ response, dog }) => {
        ofKind(response, 'application/octet-stream');
        const bytes = await whole(response, dog);
        if (response.headers.get('repr-digest') === null) throw new ViewerError('digest');
        vouchedFor(response, bytes);
        return bytes;
      });
    });
  }

  /** Changes something, in a way that may be asked twice; null where the answer has no body. */
  change(method: 'POST' | 'DELETE', path: string, body: unknown, watch: Watch): Promise<unknown> {
    const init: RequestInit = { method, cache: 'no-store' };
    if (body !== null) init.body = JSON.stringify(body);
    const kind: HeadersInit = body === null ? {} : { 'Content-Type': 'application/json' };
    const said = () => ({ ...init, headers: { ...kind, ...this.gate?.headers } });
    return persist(this.line, watch, () =>
      this.attempt(path, said(), watch, async ({ response }) => {
        const text = await response.text();
        return text === '' ? null : parsed(text, response);
      }),
    );
  }

  /** How many bytes GET would bring. */
  size(path: string, watch: Watch): Promise<number> {
    return persist(this.line, watch, () =>
      this.attempt(path, { method: 'HEAD', cache: 'no-store' }, watch, async ({ response }) => {
        const length = Number(response.headers.get('content-length') ?? Number.NaN);
        if (!Number.isFinite(length)) throw new ViewerError('short', 'No length was announced.');
        return length;
      }),
    );
  }

  /** A rendered picture (PNG), or another whole file to be kept. */
  picture(path: string, watch: Watch, kind = 'image/png'): Promise<Blob> {
    return persist(this.line, watch, () =>
      this.attempt(path, {}, watch, async ({ response }) => {
        ofKind(response, kind);
        const blob = await response.blob();
        const length = Number(response.headers.get('content-length') ?? blob.size);
        if (blob.size !== length) throw new ViewerError('short');
        return blob;
      }),
    );
  }

  /** The bytes of an instance, proven by length and digest; continues after a cut where it stopped. */
  instance(path: string, expected: Wanted, watch: Watch): Promise<Proven> {
    return through(this, expected, () => this.brought(path, expected, watch));
  }

  private async brought(path: string, expected: Expected, watch: Watch): Promise<Proven> {
    const partial = this.leftovers.take(path);
    const began = this.line.clock.now();
    const asked = persist(
      this.line,
      watch,
      (silence) =>
        this.part(path, expected, partial, { watch, silence }).catch(afterFailure(partial)),
      () => partial.received,
    );
    try {
      const proven = await asked;
      this.line.seen?.count('image', proven.syntax);
      this.line.seen?.time('image', this.line.clock.now() - began, proven.syntax);
      return proven;
    } catch (thrown) {
      if (watch.signal.aborted) this.leftovers.keep(path, partial);
      throw thrown;
    }
  }

  private part(
    path: string,
    expected: Expected,
    partial: Partial,
    listeners: Listeners,
  ): Promise<Proven> {
    const init: RequestInit = { headers: partial.rangeHeaders() };
    if (partial.received > 0) this.line.seen?.count('resumed');
    if (partial.suspect) init.cache = 'reload';
    return this.attempt(path, init, listeners.watch, async (asked) => {
      ofKind(asked.response, 'application/dicom');
      const announced = opened(asked.response, expected, partial);
      await this.read(asked, partial, listeners);
      const digested = await this.line.digest(partial.finished());
      return checked(asked.response, digested, expected, announced);
    });
  }

  private async read(
    { response, dog }: Asked,
    partial: Partial,
    { watch, silence }: Listeners,
  ): Promise<void> {
    const reader = response.body?.getReader();
    if (reader === undefined) throw new ViewerError('short', 'The answer had no body.');
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      dog.kick();
      silence.broken();
      partial.take(value);
      watch.received?.(partial.received, partial.total);
    }
  }

  /** One request under a watchdog; each error leaves with the request's id. */
  private async attempt<T>(
    path: string,
    init: RequestInit,
    watch: Watch,
    use: (asked: Asked) => Promise<T>,
    patientMs = 0,
  ): Promise<T> {
    const giveUp = new AbortController();
    const pass = () => giveUp.abort(new ViewerError('cancelled'));
    watch.signal.addEventListener('abort', pass);
    const stallMs = () => Math.max(this.line.stallMs(), patientMs);
    const patience = init.method === undefined ? stallMs : () => CHANGE_MS;
    const dog = new Watchdog(this.line.clock, patience, () =>
      giveUp.abort(new ViewerError('stalled')),
    );
    let requestId: string | null = null;
    let status: number | null = null;
    let outcome = 'ok';
    let digests: Digests | null = null;
    const began = this.line.clock.now();
    this.traffic.began(path);
    try {
      if (watch.signal.aborted) pass();
      const response = await this.line.fetch(path, {
        ...init,
        redirect: 'manual',
        signal: giveUp.signal,
      });
      notElsewhere(response);
      requestId = response.headers.get('x-request-id');
      status = response.status;
      dog.kick();
      if (!response.ok) throw await refusal(response, this.line.clock.now());
      return await use({ response, dog });
    } catch (thrown) {
      const error = named(giveUp.signal.aborted ? giveUp.signal.reason : thrown, requestId);
      outcome = error.category;
      digests = error.digests;
      if (error.category !== 'cancelled') this.line.seen?.count(error.category);
      throw error;
    } finally {
      this.traffic.ended(path, outcome);
      const ms = Math.round(this.line.clock.now() - began);
      const at = new Date().toISOString();
      const which = { at, kind: kindOf(path), status, ms, outcome, request_id: requestId };
      this.line.seen?.trace(digests === null ? which : { ...which, digests });
      dog.stop();
      giveUp.abort();
      watch.signal.removeEventListener('abort', pass);
    }
  }
}

function named(thrown: unknown, requestId: string | null): ViewerError {
  const error = recognised(thrown);
  if (requestId === null || error.requestId !== null) return error;
  return error.withRequest(requestId);
}
