import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClock } from './testing.ts';

const HTJ2K = '1.2.840.10008.1.2.4.201';

describe('decoders, before they are needed', () => {
  let decoderReady: typeof import('./decoder-ahead.ts').decoderReady;

  beforeEach(async () => {
    vi.resetModules();
    ({ decoderReady } = await import('./decoder-ahead.ts'));
  });

  it('is given up when nothing of it comes, and waited for longer the next time', async () => {
    const clock = new FakeClock();
    const fetch = vi.fn(
      (_: unknown, { signal }: RequestInit = {}) =>
        new Promise<Response>((_, fail) =>
          signal?.addEventListener('abort', () => fail(signal.reason)),
        ),
    ) as unknown as typeof globalThis.fetch;
    for (const seconds of [10, 20]) {
      const ready = decoderReady(HTJ2K, fetch, clock);
      const over = vi.fn();
      ready.catch(over);
      await clock.advance(1_000 * seconds - 1);
      expect(over).not.toHaveBeenCalled();
      await clock.advance(1);
      await expect(ready).rejects.toMatchObject({
        category: 'engine',
        retryable: true,
        away: true,
      });
    }
  });

  it('is compared with its digest, asked for anew after a failure, and then never again', async () => {
    const asked: RequestInit[] = [];
    const fetch = vi.fn(async (_: unknown, init: RequestInit = {}) => {
      asked.push(init);
      if (asked.length === 1) throw new TypeError('Failed to fetch');
      return new Response(new Uint8Array(4));
    }) as unknown as typeof globalThis.fetch;
    const broken = { category: 'engine', retryable: true, message: 'The decoder did not arrive.' };
    await expect(decoderReady(HTJ2K, fetch)).rejects.toMatchObject(broken);
    await decoderReady(HTJ2K, fetch);
    await decoderReady(HTJ2K, fetch);
    expect(asked.map(({ cache }) => cache)).toEqual(['default', 'reload']);
    for (const { integrity } of asked) expect(integrity).toMatch(/^sha256-[A-Za-z0-9+/]{43}=$/);
  });

  it('are each their own, and nothing is fetched for what needs none', async () => {
    const asked: unknown[] = [];
    const fetch = vi.fn(async (address: unknown) => {
      asked.push(address);
      return new Response(new Uint8Array(4));
    }) as unknown as typeof globalThis.fetch;
    for (const end of ['1', '1.99', '5', '4.51', '4.57', '4.70', '4.100'])
      await decoderReady(`1.2.840.10008.1.2.${end}`, fetch);
    expect(asked).toEqual([]);
    for (const end of ['50', '80', '81', '90', '91', '110', '201', '202', '203'])
      await decoderReady(`1.2.840.10008.1.2.4.${end}`, fetch);
    expect(new Set(asked).size).toBe(5);
    expect(asked).toHaveLength(5);
  });
});
