import { describe, expect, it } from 'vitest';
import { digestHere } from './digest.ts';
import { POLICY } from './retry.ts';
import { dicom, FakeClock, FakeNetwork, type Scripted } from './testing.ts';
import { Transport } from './transport.ts';

const file = dicom(4_096);
const digest = (hex: string) =>
  `md5=:${btoa(String.fromCharCode(...(hex.match(/../g) ?? []).map((two) => Number.parseInt(two, 16))))}:`;
const headers = {
  'content-type': 'application/octet-stream',
  'content-length': String(file.bytes.length),
  'repr-digest': digest(file.md5),
};
const good: Scripted = { headers, body: file.bytes };

function asked(...script: Scripted[]) {
  const clock = new FakeClock();
  const network = new FakeNetwork(script);
  const line = {
    clock,
    policy: POLICY,
    wake: new EventTarget(),
    fetch: network.fetch,
    stallMs: () => 10_000,
    digest: digestHere,
  };
  const frame = new Transport(line).frame('f', { signal: new AbortController().signal });
  frame.catch(() => undefined);
  return { frame, network, clock };
}

describe('one frame', () => {
  it('is handed over when its length and digest are right', async () => {
    const { frame } = asked(good);
    expect(await frame).toEqual(file.bytes);
  });

  it('that was flipped, cut or lengthened on its way is asked for past the cache', async () => {
    const flipped = file.bytes.slice();
    flipped[100] = (flipped[100] ?? 0) ^ 1;
    for (const wrong of [
      { headers, body: flipped },
      { headers, body: file.bytes.slice(0, 900) },
      { headers: { ...headers, 'content-length': '100' }, body: file.bytes },
      { headers: { ...headers, 'content-type': 'text/html' }, body: file.bytes },
    ]) {
      const { frame, network, clock } = asked(wrong, good);
      await clock.advance(2_000);
      expect(await frame).toEqual(file.bytes);
      expect(network.calls[1]?.init.cache).toBe('reload');
    }
  });

  it('without a digest is never believed', async () => {
    const { 'repr-digest': _, ...bare } = headers;
    const { frame, clock } = asked({ headers: bare, body: file.bytes });
    await clock.advance(60_000);
    await expect(frame).rejects.toMatchObject({ category: 'digest' });
  });
});
