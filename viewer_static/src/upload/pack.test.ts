import { createHash } from 'node:crypto';
import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../testing.ts';
import { Batch } from './batch.ts';
import { ReadingQueue } from './chunks.ts';
import type { Post } from './delivery.ts';
import { Dispatch } from './dispatch.ts';
import { gzipped } from './gzip.ts';
import { Item } from './item.ts';
import { Ledger } from './ledger.ts';
import { Meter } from './meter.ts';
import { room } from './pack.ts';

const ENDPOINT = 'http://here/api/uploads';
const id = (n: number): string => n.toString(16).padStart(32, '0');

/** Takes packs and single files; packs answer by a script. */
class Server implements HttpStack {
  readonly requests: string[] = [];
  readonly held = new Map<string, string>();
  packs: (number | 'cut' | 'lost')[] = [];
  onPack: () => void = () => undefined;

  getName = () => 'Server';

  createRequest(method: string, url: string): HttpRequest {
    const headers: Record<string, string> = {};
    return {
      getMethod: () => method,
      getURL: () => url,
      setHeader: (name, value) => {
        headers[name] = value;
      },
      getHeader: (name) => headers[name],
      setProgressHandler: () => undefined,
      send: async (body: Blob | null) => {
        const bytes = Buffer.from((await body?.arrayBuffer()) ?? new ArrayBuffer());
        this.requests.push(`${method} ${url.slice(ENDPOINT.length)}`);
        return url.endsWith('/pack') ? this.packed(bytes) : this.single(headers, bytes);
      },
      abort: async () => undefined,
      getUnderlyingObject: () => null,
    };
  }

  private packed(bytes: Buffer): HttpResponse {
    const fault = this.packs.shift();
    if (typeof fault === 'number') return answer(fault, {}, '{"code":"x","detail":"Because."}');
    if (fault === 'cut') throw new Error('cut');
    const length = Number(bytes.subarray(0, 8).toString());
    const told = JSON.parse(bytes.subarray(8, 8 + length).toString());
    let at = 8 + length;
    const uploads = told.files.map((file: { key: string; size: number; sha256: string }) => {
      const content = bytes.subarray(at, at + file.size);
      at += file.size;
      expect(createHash('sha256').update(content).digest('hex')).toBe(file.sha256);
      return { key: file.key, id: this.hold(file.key), length: file.size, offset: file.size };
    });
    expect(at).toBe(bytes.length);
    this.onPack();
    if (fault === 'lost') throw new Error('lost');
    return answer(201, {}, JSON.stringify({ uploads }));
  }

  private single(headers: Record<string, string>, bytes: Buffer): HttpResponse {
    const coded = headers['Upload-Metadata']?.split(',')[0]?.split(' ')[1] ?? '';
    const key = Buffer.from(coded, 'base64').toString();
    const location = `/api/uploads/${this.hold(key)}`;
    return answer(201, { Location: location, 'Upload-Offset': `${bytes.length}` });
  }

  private hold(key: string): string {
    const known = this.held.get(key) ?? id(this.held.size + 1);
    this.held.set(key, known);
    return known;
  }
}

function answer(status: number, headers: Record<string, string>, body = ''): HttpResponse {
  return {
    getStatus: () => status,
    getHeader: (name) => headers[name],
    getBody: () => body,
    getUnderlyingObject: () => null,
  };
}

let server: Server;
let batch: Batch;
let clock: FakeClock;
let post: Post;

beforeEach(() => {
  server = new Server();
  clock = new FakeClock();
  batch = new Batch('key', 'folder', 'DISC', 0);
  batch.opened({ id: id(90), label: null, rev: 0 });
  post = {
    clock,
    wake: new EventTarget(),
    online: () => true,
    reading: new ReadingQueue(),
    meter: new Meter(),
    ledger: new Ledger(null, 'salt'),
    endpoint: ENDPOINT,
    chunkBytes: 1 << 23,
    compressAbove: 1 << 30,
    compress: gzipped,
    stack: server,
  };
});

function add(count: number, size = 1_000, more: Partial<Item> = {}): Item[] {
  const items = Array.from({ length: count }, (_, n) => {
    const path = `DISC/${batch.items.length + n}`;
    const item = new Item({ path, size, kind: 'dicom', plain: true, fingerprint: path });
    return Object.assign(item, { file: new Blob([new Uint8Array(size).fill(n + 1)]) }, more);
  });
  batch.items.push(...items);
  return items;
}

/** Sends all that waits, over so many lanes. */
async function run(parallel = 1): Promise<void> {
  let over: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    over = resolve;
  });
  const settle = () => {
    if (batch.items.every(({ state }) => state !== 'waiting' && state !== 'checking')) over();
  };
  const deps = { clock, post: () => post, parallel: () => parallel, settle };
  const dispatch = new Dispatch(deps);
  for (const item of batch.items) dispatch.add(batch, item);
  const waiting = setInterval(() => void clock.advance(1_000), 5);
  await done;
  clearInterval(waiting);
}

const states = () => [...new Set(batch.items.map(({ state }) => state))];

describe('small files together', () => {
  it('are sent in one request, each under a name of its own', async () => {
    add(10);
    await run();
    expect(server.requests).toEqual(['POST /pack']);
    expect(states()).toEqual(['sent']);
    expect(new Set(batch.items.map((item) => item.id)).size).toBe(10);
    expect(batch.items.every(({ sent, size }) => sent === size)).toBe(true);
  });

  it('each go once, however many lanes there are', async () => {
    add(200);
    await run(5);
    expect(server.held.size).toBe(200);
    expect(server.requests.length).toBeLessThan(10);
    expect(states()).toEqual(['sent']);
  });

  it('leave TIFFs, empty and large files to go alone', async () => {
    add(1, 1_000, { target: '{}' });
    add(1, 0);
    add(2);
    await run();
    expect(server.requests).toEqual(['POST ', 'POST ', 'POST /pack']);
  });

  it('go one by one when the server refuses them together', async () => {
    add(3);
    server.packs = [413];
    await run();
    expect(server.requests).toEqual(['POST /pack', 'POST ', 'POST ', 'POST ']);
    expect(states()).toEqual(['sent']);
  });

  it('go together again once one has found the line mended', async () => {
    add(4);
    server.packs = ['cut'];
    await run();
    expect(server.requests).toEqual(['POST /pack', 'POST ', 'POST /pack']);
  });

  it('are not made twice when the answer is lost', async () => {
    add(4);
    server.packs = ['lost'];
    await run();
    expect(server.held.size).toBe(4);
    expect(states()).toEqual(['sent']);
  });

  it('that are cancelled on the way are taken back from the server', async () => {
    const [first] = add(3);
    server.onPack = () => first?.become('cancelled', 0);
    const gone: string[] = [];
    const { Upload } = await import('tus-js-client');
    Upload.terminate = async (url) => {
      gone.push(url);
    };
    Object.assign(globalThis, { document: { baseURI: 'http://here/' } });
    await run();
    expect(gone).toEqual([`${ENDPOINT}/${first?.id}`]);
    expect(batch.items.map(({ state }) => state)).toEqual(['cancelled', 'sent', 'sent']);
  });
});

describe('how much goes in one request', () => {
  it('is a second of the line, within bounds', () => {
    expect(room(0, 1 << 23)).toBe(1 << 20);
    expect(room(3_000_000, 1 << 23)).toBe(3_000_000);
    expect(room(90_000_000, 1 << 23)).toBe(1 << 23);
  });
});
