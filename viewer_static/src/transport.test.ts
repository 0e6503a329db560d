import { describe, expect, it } from 'vitest';
import { digestHere } from './digest.ts';
import type { Waiting, Watch } from './persist.ts';
import { POLICY } from './retry.ts';
import { dicom, FakeClock, FakeNetwork, type Scripted, settled } from './testing.ts';
import { type Line, Transport } from './transport.ts';

const file = dicom(4_096);
const etag = `"md5-${file.md5}"`;
const expected = { id: 'a', size: file.bytes.length, md5: file.md5 };
const headers = {
  'content-type': 'application/dicom',
  'content-length': String(file.bytes.length),
  etag,
  'x-integrity': 'md5',
  'x-request-id': 'req-1',
};
const good: Scripted = { headers, body: file.bytes };

const flipped = file.bytes.slice();
flipped[2_000] = (flipped[2_000] ?? 0) ^ 1;

function rest(from: number, change: Record<string, string> = {}): Scripted {
  const { length } = file.bytes;
  return {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(length - from),
      'content-range': `bytes ${from}-${length - 1}/${length}`,
      ...change,
    },
    body: file.bytes.subarray(from),
  };
}

function problem(
  status: number,
  code: string,
  retryable: boolean,
  more: Record<string, string> = {},
): Scripted {
  const body = JSON.stringify({
    code,
    detail: 'Said by the server.',
    retryable,
    request_id: 'req-9',
  });
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...more },
    body: new TextEncoder().encode(body),
  };
}

function bench(...script: (Scripted | ((call: never) => Scripted))[]) {
  const clock = new FakeClock();
  const network = new FakeNetwork(script as Scripted[]);
  const wake = new EventTarget();
  const giveUp = new AbortController();
  const waits: (Waiting | null)[] = [];
  const watch: Watch = { signal: giveUp.signal, waiting: (waiting) => waits.push(waiting) };
  let stallMs = 10_000;
  const transport = new Transport({
    digest: digestHere,
    clock,
    policy: POLICY,
    wake,
    fetch: network.fetch as Line['fetch'],
    stallMs: () => stallMs,
  });
  const patience = (ms: number) => {
    stallMs = ms;
  };
  return { clock, network, wake, giveUp, waits, watch, transport, patience };
}

type Bench = ReturnType<typeof bench>;

/** Turns the clock until the promise is settled, at most so long. */
async function outcome<T>({ clock }: Bench, promise: Promise<T>, atMostMs = 120_000) {
  let result: { value?: T; error?: unknown } = {};
  let over = false;
  promise.then(
    (value) => {
      result = { value };
      over = true;
    },
    (error: unknown) => {
      result = { error };
      over = true;
    },
  );
  for (let spent = 0; !over && spent < atMostMs; spent += 250) await clock.advance(250);
  return result as { value?: T; error?: { category: string } };
}

const fetched = (bed: Bench) => bed.transport.instance('display', expected, bed.watch);

describe('transport, an instance', () => {
  it('hands out the proven bytes and follows no redirect', async () => {
    const bed = bench(good);
    const { value } = await outcome(bed, fetched(bed));
    expect(value).toMatchObject({ integrity: 'md5', converted: null, requestId: 'req-1' });
    expect(value?.bytes).toEqual(file.bytes);
    expect(bed.network.calls[0]?.init.redirect).toBe('manual');
    expect(bed.network.calls).toHaveLength(1);
  });

  it('continues after a cut where it stopped, for the same file only', async () => {
    const bed = bench({ ...good, body: file.bytes.subarray(0, 1_500), end: 'cut' }, rest(1_500));
    const { value } = await outcome(bed, fetched(bed));
    expect(value?.bytes).toEqual(file.bytes);
    expect(bed.network.calls[1]?.headers.get('range')).toBe('bytes=1500-');
    expect(bed.network.calls[1]?.headers.get('if-range')).toBe(etag);
  });

  it('starts again when the server answers a continuation with the whole file', async () => {
    const bed = bench({ ...good, body: file.bytes.subarray(0, 1_500), end: 'cut' }, good);
    expect((await outcome(bed, fetched(bed))).value?.bytes).toEqual(file.bytes);
  });

  it('never splices a part that does not fit', async () => {
    const cut: Scripted = { ...good, body: file.bytes.subarray(0, 1_500), end: 'cut' };
    for (const wrong of [
      rest(1_000),
      rest(1_500, { etag: '"md5-0"' }),
      rest(1_500, { 'content-range': 'bytes 1500-4095/9999' }),
    ]) {
      const bed = bench(cut, wrong, good);
      expect((await outcome(bed, fetched(bed))).value?.bytes).toEqual(file.bytes);
      expect(bed.network.calls[2]?.headers.get('range')).toBeNull();
    }
  });

  it('asks for the whole after 416', async () => {
    const cut: Scripted = { ...good, body: file.bytes.subarray(0, 1_500), end: 'cut' };
    const bed = bench(cut, problem(416, 'range_not_satisfiable', false), good);
    expect((await outcome(bed, fetched(bed))).value?.bytes).toEqual(file.bytes);
  });

  it('survives any number of cuts as long as bytes arrive', async () => {
    const slow = (call: { headers: Headers }): Scripted => {
      const from = Number(/\d+/.exec(call.headers.get('range') ?? '0')?.[0]);
      const part = rest(from);
      return {
        ...(from === 0 ? good : part),
        body: file.bytes.subarray(from, from + 300),
        end: from + 300 >= 4_096 ? 'close' : 'cut',
      };
    };
    const bed = bench(slow as never);
    expect((await outcome(bed, fetched(bed))).value?.bytes).toEqual(file.bytes);
    expect(bed.network.calls.length).toBe(14);
  });

  it('takes a clean but short end as a cut', async () => {
    const bed = bench({ ...good, body: file.bytes.subarray(0, 1_500) }, rest(1_500));
    expect((await outcome(bed, fetched(bed))).value?.bytes).toEqual(file.bytes);
  });

  it('refuses a short body that announces its own length', async () => {
    const short: Scripted = {
      headers: { ...headers, 'content-length': '1500' },
      body: file.bytes.subarray(0, 1_500),
    };
    const bed = bench(short);
    expect((await outcome(bed, fetched(bed))).error).toMatchObject({
      category: 'short',
      requestId: 'req-1',
    });
    expect(bed.network.calls).toHaveLength(3);
  });

  it('fetches flipped bytes again past the HTTP cache', async () => {
    const bed = bench({ ...good, body: flipped }, good);
    expect((await outcome(bed, fetched(bed))).value?.bytes).toEqual(file.bytes);
    expect(bed.network.calls[1]?.init.cache).toBe('reload');
    expect(bed.network.calls[1]?.headers.get('range')).toBeNull();
  });

  it('asks past the HTTP cache after a body that ended early without a cut', async () => {
    const bed = bench({ ...good, body: new Uint8Array(0) }, good);
    expect((await outcome(bed, fetched(bed))).value?.bytes).toEqual(file.bytes);
    expect(bed.network.calls[1]?.init.cache).toBe('reload');
  });

  it('gives up on persistent damage after three attempts, naming the request', async () => {
    const bed = bench({ ...good, body: flipped });
    expect((await outcome(bed, fetched(bed))).error).toMatchObject({
      category: 'digest',
      requestId: 'req-1',
    });
    expect(bed.network.calls).toHaveLength(3);
  });

  it('ends a stalled body and continues it', async () => {
    const bed = bench({ ...good, body: file.bytes.subarray(0, 1_500), end: 'stall' }, rest(1_500));
    const promise = fetched(bed);
    promise.catch(() => undefined);
    await bed.clock.advance(2_900);
    expect(bed.waits).toEqual([]);
    await bed.clock.advance(6_000);
    expect(bed.network.calls).toHaveLength(1);
    expect(bed.waits).toEqual([{ error: null }]);
    await bed.clock.advance(2_000);
    expect(bed.network.calls).toHaveLength(2);
    expect((await promise).bytes).toEqual(file.bytes);
  });

  it('bears silence longer while the server says that it holds the request', async () => {
    const bed = bench({ mute: true }, good);
    bed.patience(35_000);
    const promise = fetched(bed);
    await bed.clock.advance(30_000);
    expect(bed.network.calls).toHaveLength(1);
    await bed.clock.advance(6_000);
    expect((await promise).bytes).toEqual(file.bytes);
  });

  it.each([
    ['html', { headers: { 'content-type': 'text/html' }, body: new Uint8Array(500) }, 'html'],
    [
      'json',
      { headers: { 'content-type': 'application/json' }, body: new Uint8Array(20) },
      'not-dicom',
    ],
    [
      'nothing',
      { headers: { 'content-type': 'application/dicom', 'content-length': '0' } },
      'short',
    ],
    [
      'an error page',
      { status: 500, headers: { 'content-type': 'text/html' }, body: new Uint8Array(9) },
      'server',
    ],
  ] as const)('never takes %s for an image', async (_, scripted, category) => {
    const bed = bench(scripted);
    expect((await outcome(bed, fetched(bed))).error).toMatchObject({ category });
    expect(bed.network.calls).toHaveLength(3);
  });

  it('does not ask again when the server says it is pointless', async () => {
    const bed = bench(problem(502, 'stored_object_damaged', false));
    expect((await outcome(bed, fetched(bed))).error).toMatchObject({
      category: 'damaged',
      requestId: 'req-9',
      message: 'Said by the server.',
    });
    expect(bed.network.calls).toHaveLength(1);
  });

  it('does not knock again after 401', async () => {
    const bed = bench({ status: 401, headers: { 'content-type': 'text/plain' } });
    expect((await outcome(bed, fetched(bed))).error).toMatchObject({ category: 'unauthorised' });
    expect(bed.network.calls).toHaveLength(1);
  });

  it('waits as long as Retry-After says', async () => {
    const bed = bench(problem(503, 'archive_busy', true, { 'retry-after': '4' }), good);
    const promise = fetched(bed);
    await bed.clock.advance(3_900);
    expect(bed.network.calls).toHaveLength(1);
    await bed.clock.advance(200);
    expect((await promise).bytes).toEqual(file.bytes);
  });

  it('outlasts an archive that is away, says why, and resumes by itself', async () => {
    const away = problem(503, 'archive_unreachable', true, { 'retry-after': '1' });
    const bed = bench(...Array.from({ length: 20 }, () => away), good);
    const { value } = await outcome(bed, fetched(bed));
    expect(value?.bytes).toEqual(file.bytes);
    expect(bed.waits.find((waiting) => waiting?.error?.category === 'away')).toBeDefined();
    expect(bed.waits.at(-1)).toBeNull();
  });

  it('says why within 3 s, also when each answer comes quickly', async () => {
    const away = problem(503, 'archive_unreachable', true, { 'retry-after': '2' });
    const bed = bench(away);
    fetched(bed).catch(() => undefined);
    await bed.clock.advance(100);
    expect(bed.waits.at(-1)?.error?.category).toBe('away');
    await bed.clock.advance(60_000);
    expect(bed.waits).toHaveLength(1);
  });

  it('tries at once when the link comes back', async () => {
    const bed = bench({ refused: true }, { refused: true }, { refused: true }, good);
    const promise = fetched(bed);
    await bed.clock.advance(500);
    expect(bed.network.calls).toHaveLength(3);
    bed.wake.dispatchEvent(new Event('wake'));
    await settled();
    expect((await promise).bytes).toEqual(file.bytes);
  });

  it('ends the request and the waiting when the reader leaves', async () => {
    const bed = bench({ ...good, body: file.bytes.subarray(0, 100), end: 'stall' });
    const promise = fetched(bed);
    await settled();
    bed.giveUp.abort();
    await expect(promise).rejects.toMatchObject({ category: 'cancelled' });
    expect(bed.network.calls[0]?.init.signal?.aborted).toBe(true);
    await bed.clock.advance(60_000);
    expect(bed.network.calls).toHaveLength(1);
  });

  it('goes on, when the reader comes back, from what had arrived when he left', async () => {
    const bed = bench({ ...good, body: file.bytes.subarray(0, 1_500), end: 'stall' }, rest(1_500));
    const left = fetched(bed);
    await settled();
    bed.giveUp.abort();
    await expect(left).rejects.toMatchObject({ category: 'cancelled' });
    const back = { signal: new AbortController().signal };
    const promise = bed.transport.instance('display', expected, back);
    expect((await outcome(bed, promise)).value?.bytes).toEqual(file.bytes);
    expect(bed.network.calls[1]?.headers.get('range')).toBe('bytes=1500-');
  });

  it('shows a converted file by its own digest and says so', async () => {
    const own = dicom(6_000, 5);
    const converted = {
      headers: {
        ...headers,
        'content-length': '6000',
        etag: `"md5-${own.md5}"`,
        'x-converted': 'deflated',
      },
      body: own.bytes,
    };
    const bed = bench(converted);
    expect((await outcome(bed, fetched(bed))).value).toMatchObject({
      converted: 'deflated',
      integrity: 'md5',
    });
  });

  it('says when only the length is proven', async () => {
    const lengthOnly = {
      headers: { ...headers, etag: '"len-4096-u"', 'x-integrity': 'length' },
      body: file.bytes,
    };
    const bed = bench(lengthOnly);
    const promise = bed.transport.instance('display', { ...expected, md5: null }, bed.watch);
    expect((await outcome(bed, promise)).value?.integrity).toBe('length');
  });

  it('counts the bytes as they arrive', async () => {
    const bed = bench(good);
    const seen: number[] = [];
    const watch = {
      ...bed.watch,
      received: (bytes: number, total: number) => seen.push(bytes / total),
    };
    await outcome(bed, bed.transport.instance('display', expected, watch));
    expect(seen.at(-1)).toBe(1);
  });
});

describe('transport, lists and pictures', () => {
  const list = (text: string, type = 'application/json'): Scripted => ({
    headers: { 'content-type': type },
    body: new TextEncoder().encode(text),
  });

  it('asks again for a list whose digest does not agree, and believes one that does', async () => {
    // MD5 of {"a":1} in base64, as RFC 9530 writes it.
    const digest = {
      'content-type': 'application/json',
      'repr-digest': 'md5=:u2y1xo30ZSlByvZSo2by2A==:',
    };
    const listed = (text: string): Scripted => ({
      headers: digest,
      body: new TextEncoder().encode(text),
    });
    const bed = bench(listed('{"a":3}'), listed('{"a":1}'));
    const { value } = await outcome(bed, bed.transport.json('studies', bed.watch));
    expect(value).toEqual({ a: 1 });
    expect(bed.network.calls).toHaveLength(2);
  });

  it('reads a list', async () => {
    const bed = bench(list('{"items":[]}'));
    expect((await outcome(bed, bed.transport.json('studies', bed.watch))).value).toEqual({
      items: [],
    });
  });

  it('asks again for a list that breaks off', async () => {
    const bed = bench(list('{"items":['), list('{"items":[1]}'));
    expect((await outcome(bed, bed.transport.json('studies', bed.watch))).value).toEqual({
      items: [1],
    });
  });

  it('takes a sign-in page for what it is', async () => {
    const bed = bench(list('<html>', 'text/html'));
    expect((await outcome(bed, bed.transport.json('studies', bed.watch))).error).toMatchObject({
      category: 'html',
    });
  });

  it('never shows half a rendered picture', async () => {
    const png = {
      headers: { 'content-type': 'image/png', 'content-length': '900' },
      body: new Uint8Array(400),
    };
    const bed = bench(png);
    expect((await outcome(bed, bed.transport.picture('rendered', bed.watch))).error).toMatchObject({
      category: 'short',
    });
  });

  it('gives a glance up in time', async () => {
    const bed = bench({ mute: true });
    const promise = bed.transport.glance('status', 2_500);
    const caught = expect(promise).rejects.toBeDefined();
    await bed.clock.advance(2_600);
    await caught;
  });
});
