import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClock, settled } from '../testing.ts';
import { ReadingQueue } from './chunks.ts';
import { creationKey, Delivery, type Post, type Step } from './delivery.ts';
import { gzipped } from './gzip.ts';
import { Ledger } from './ledger.ts';
import { Meter } from './meter.ts';
import { Trouble } from './trouble.ts';

const CHUNK = 1_000;
const ENDPOINT = 'http://here/api/uploads';
const id = (n: number): string => n.toString(16).padStart(32, '0');

type Fault = number | 'cut' | 'stall' | 'lost';

interface Asked {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** A tus server in memory that keeps digests honest, and a line that follows a script. */
class Server implements HttpStack {
  readonly asked: Asked[] = [];
  readonly uploads = new Map<string, { key: string; length: number; bytes: Uint8Array }>();
  /** What befalls the next requests; `lost` reaches the server, its answer does not come back. */
  faults: (Fault | null)[] = [];

  getName = () => 'Server';

  createRequest(method: string, url: string): HttpRequest {
    const headers: Record<string, string> = {};
    let progress: (bytes: number) => void = () => undefined;
    return {
      getMethod: () => method,
      getURL: () => url,
      setHeader: (name, value) => {
        headers[name] = value;
      },
      getHeader: (name) => headers[name],
      setProgressHandler: (told) => {
        progress = told;
      },
      send: async (body: Blob | null) => {
        const content = new Uint8Array((await body?.arrayBuffer()) ?? new ArrayBuffer());
        const asked = { method, headers, body: content };
        this.asked.push(asked);
        return this.befalls(asked, url, progress);
      },
      abort: async () => undefined,
      getUnderlyingObject: () => null,
    };
  }

  private async befalls(
    asked: Asked,
    url: string,
    progress: (bytes: number) => void,
  ): Promise<HttpResponse> {
    const fault = this.faults.shift() ?? null;
    if (fault === 'stall') return new Promise(() => undefined);
    if (fault === 'cut') throw new Error('cut');
    if (typeof fault === 'number') return answer(fault, {}, '{"code":"x","detail":"Because."}');
    progress(asked.body.length);
    const response = this.handled(asked, url);
    if (fault === 'lost') throw new Error('lost');
    return response;
  }

  private handled({ method, headers, body }: Asked, url: string): HttpResponse {
    if (method === 'POST') return this.created(headers, body);
    const upload = this.uploads.get(url.split('/').at(-1) ?? '');
    if (upload === undefined) return answer(410);
    if (method === 'HEAD')
      return answer(200, {
        'Upload-Offset': `${upload.bytes.length}`,
        'Upload-Length': `${upload.length}`,
      });
    if (Number(headers['Upload-Offset']) !== upload.bytes.length) return answer(409);
    return this.appended(upload, headers, body, 204);
  }

  private created(headers: Record<string, string>, body: Uint8Array): HttpResponse {
    const key = Buffer.from(
      headers['Upload-Metadata']?.split(',')[0]?.split(' ')[1] ?? '',
      'base64',
    );
    const known = [...this.uploads].find(([, upload]) => upload.key === key.toString());
    const location = known?.[0] ?? id(this.uploads.size + 1);
    const fresh = {
      key: key.toString(),
      length: Number(headers['Upload-Length']),
      bytes: new Uint8Array(),
    };
    if (known === undefined) this.uploads.set(location, fresh);
    const upload = known?.[1] ?? fresh;
    const more = { Location: `/api/uploads/${location}` };
    if (upload.bytes.length > 0)
      return answer(200, { ...more, 'Upload-Offset': `${upload.bytes.length}` });
    return this.appended(upload, headers, body, 201, more);
  }

  private appended(
    upload: { bytes: Uint8Array },
    headers: Record<string, string>,
    body: Uint8Array,
    status: number,
    more: Record<string, string> = {},
  ): HttpResponse {
    const plain = headers['Content-Encoding'] === 'gzip' ? new Uint8Array(gunzipSync(body)) : body;
    const digest = createHash('sha256').update(plain).digest('base64');
    if (plain.length > 0 && headers['Upload-Checksum'] !== `sha256 ${digest}`) return answer(460);
    upload.bytes = new Uint8Array([...upload.bytes, ...plain]);
    return answer(status, { ...more, 'Upload-Offset': `${upload.bytes.length}` });
  }
}

function answer(status: number, headers: Record<string, string> = {}, body = ''): HttpResponse {
  return {
    getStatus: () => status,
    getHeader: (name) => headers[name],
    getBody: () => body,
    getUnderlyingObject: () => null,
  };
}

/** A file whose reading takes no time of any thread: the clock is turned by hand. */
function fileOf(content: Uint8Array<ArrayBuffer>): Blob {
  const file = {
    size: content.length,
    slice: (start: number, end: number) => fileOf(content.slice(start, end)),
    arrayBuffer: async () => content.slice().buffer,
  };
  return file as unknown as Blob;
}

const bytes = (length: number) => new Uint8Array(length).map((_, i) => (i * 7 + (i >> 8)) & 0xff);

let clock: FakeClock;
let server: Server;
let steps: Step[];
let wake: EventTarget;
let online: boolean;
let ledger: Ledger;
const leaving = () => new AbortController();

beforeEach(() => {
  // The browser's own digest works in a thread of its own.
  vi.stubGlobal('crypto', undefined);
  clock = new FakeClock();
  server = new Server();
  steps = [];
  wake = new EventTarget();
  online = true;
  ledger = new Ledger(null, 'salt');
});

function delivery(length: number, meter = new Meter()): Delivery {
  const post: Post = {
    clock,
    wake,
    online: () => online,
    reading: new ReadingQueue(),
    meter,
    ledger,
    endpoint: ENDPOINT,
    chunkBytes: CHUNK,
    compressAbove: 500,
    compress: gzipped,
    stack: server,
  };
  const parcel = {
    file: fileOf(bytes(length)),
    path: 'DISC/IM1',
    fingerprint: 'f',
    batch: id(90),
    batchKey: 'key',
    plain: true,
    target: null,
    beginning: 0,
  };
  return new Delivery(parcel, post, {
    step: (step) => steps.push(step),
    sent: () => undefined,
    named: () => undefined,
  });
}

async function finished(running: Promise<void>): Promise<void> {
  let over = false;
  const done = running.finally(() => {
    over = true;
  });
  done.catch(() => undefined);
  for (let turn = 0; turn < 300 && !over; turn++) {
    await settled();
    if (!over) await clock.advance(500);
  }
  await done;
}

const stored = (): Uint8Array => [...server.uploads.values()].at(-1)?.bytes ?? new Uint8Array();
const methods = (): string => server.asked.map(({ method }) => method).join(' ');

describe('a file on its way', () => {
  it('goes in one request when it is small', async () => {
    await finished(delivery(800).run(leaving().signal));
    expect(methods()).toBe('POST');
    expect(stored()).toEqual(bytes(800));
  });

  it('goes in pieces when it is large, each with its digest', async () => {
    await finished(delivery(2_500).run(leaving().signal));
    expect(methods()).toBe('POST PATCH PATCH PATCH');
    expect(stored()).toEqual(bytes(2_500));
  });

  it.each<[string, Fault, string]>([
    ['a cut piece', 'cut', 'POST PATCH HEAD PATCH PATCH PATCH'],
    ['an answer that got lost', 'lost', 'POST PATCH HEAD PATCH PATCH'],
    ['a server in between that is away', 503, 'POST PATCH HEAD PATCH PATCH PATCH'],
    ['a damaged piece', 460, 'POST PATCH HEAD PATCH PATCH PATCH'],
    ['a stalled piece', 'stall', 'POST PATCH HEAD PATCH PATCH PATCH'],
  ])('continues after %s where the server stands', async (_, fault, requests) => {
    server.faults = [null, fault];
    await finished(delivery(2_500).run(leaving().signal));
    expect(methods()).toBe(requests);
    expect(stored()).toEqual(bytes(2_500));
  });

  it('never begins anew because the question where it stands fails', async () => {
    server.faults = [null, null, 'cut', 502, 'cut', 423];
    await finished(delivery(2_500).run(leaving().signal));
    expect(server.uploads.size).toBe(1);
    expect(methods()).toBe('POST PATCH PATCH HEAD HEAD HEAD HEAD PATCH PATCH');
    expect(stored()).toEqual(bytes(2_500));
  });

  it('creates once, whatever becomes of the answer', async () => {
    server.faults = ['lost', 'lost', null];
    await finished(delivery(800).run(leaving().signal));
    expect(server.uploads.size).toBe(1);
    expect(stored()).toEqual(bytes(800));
  });

  it('begins anew, under another key, when the server has let go of it', async () => {
    server.faults = [null, null, 410];
    await finished(delivery(2_500).run(leaving().signal));
    expect(methods()).toBe('POST PATCH PATCH POST PATCH PATCH PATCH');
    expect(server.uploads.size).toBe(2);
    expect(stored()).toEqual(bytes(2_500));
  });

  it('continues in another page where this one was closed', async () => {
    const page = leaving();
    const running = delivery(3_500).run(page.signal);
    running.catch(() => undefined);
    server.faults = [null, null, 'stall'];
    await settled();
    page.abort();
    await expect(running).rejects.toThrow();
    server.asked.length = 0;
    await finished(delivery(3_500).run(leaving().signal));
    expect(methods()).toBe('HEAD PATCH PATCH PATCH');
    expect(stored()).toEqual(bytes(3_500));
    expect(ledger.upload('f', id(90))).toBeNull();
  });

  it.each([400, 401, 403, 413, 415, 507])(
    "gives up at once on %i, in the server's words",
    async (status) => {
      server.faults = [status];
      const trouble = await finished(delivery(800).run(leaving().signal)).catch((e: unknown) => e);
      expect(trouble).toBeInstanceOf(Trouble);
      expect((trouble as Trouble).detail).toBe('Because.');
      expect(server.asked.length).toBe(1);
    },
  );
});

describe('waiting', () => {
  it('grows while nothing moves, and begins again after progress', async () => {
    server.faults = [null, 503, 503, 503, null, null, 503];
    await finished(delivery(2_500).run(leaving().signal));
    const waits = steps.filter(({ state }) => state === 'network').length;
    expect(waits).toBe(4);
  });

  it('names the next try and why', async () => {
    server.faults = ['cut'];
    const running = delivery(800).run(leaving().signal);
    await settled();
    expect(steps.at(-1)).toEqual({
      state: 'network',
      tryAt: clock.now() + 500,
      why: 'The connection to the server broke.',
    });
    await finished(running);
  });

  it('has no end and no tries while the browser is offline', async () => {
    server.faults = ['cut'];
    online = false;
    const running = delivery(800).run(leaving().signal);
    await clock.advance(3_600_000);
    expect(server.asked.length).toBe(1);
    expect(steps.at(-1)).toMatchObject({ state: 'network', tryAt: null });
    online = true;
    wake.dispatchEvent(new Event('wake'));
    await finished(running);
    expect(stored()).toEqual(bytes(800));
  });

  it('ends when somebody is impatient', async () => {
    server.faults = ['cut', 'cut', 'cut', 'cut', 'cut'];
    const running = delivery(800).run(leaving().signal);
    for (let n = 0; n < 5; n++) {
      await settled();
      wake.dispatchEvent(new Event('wake'));
    }
    await running;
    expect(clock.now()).toBe(0);
  });

  it('ends with the page', async () => {
    server.faults = ['cut'];
    const page = leaving();
    const running = delivery(800).run(page.signal);
    await settled();
    page.abort();
    await expect(running).rejects.toThrow();
  });
});

it('is compressed on a slow line, digests and offsets staying those of the file', async () => {
  const meter = new Meter();
  for (let at = 0; at <= 2_000; at += 100) meter.add(10_000, at);
  clock.time = 2_000;
  await delivery(2_500, meter).run(leaving().signal);
  const patches = server.asked.filter(({ method }) => method === 'PATCH');
  expect(patches.map(({ headers }) => headers['Content-Encoding'])).toEqual([
    'gzip',
    'gzip',
    'gzip',
  ]);
  expect(patches.map(({ headers }) => headers['Upload-Offset'])).toEqual(['0', '1000', '2000']);
  expect(stored()).toEqual(bytes(2_500));
});

it('has a key of its own for each file, batch and beginning', () => {
  const keys = [
    creationKey('a', 'f', 0),
    creationKey('b', 'f', 0),
    creationKey('a', 'g', 0),
    creationKey('a', 'f', 1),
  ];
  expect(new Set(keys).size).toBe(4);
  expect(keys[0]).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});
