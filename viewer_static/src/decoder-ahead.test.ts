import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClock } from './testing.ts';

describe('the decoder for slow links', () => {
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
      const ready = decoderReady(fetch, clock);
      const over = vi.fn();
      ready.catch(over);
      await clock.advance(1_000 * seconds - 1);
      expect(over).not.toHaveBeenCalled();
      await clock.advance(1);
      await expect(ready).rejects.toMatchObject({ category: 'stalled', retryable: true });
    }
  });

  it('is compared with its digest, asked for anew after a failure, and then never again', async () => {
    const asked: RequestInit[] = [];
    const fetch = vi.fn(async (_: unknown, init: RequestInit = {}) => {
      asked.push(init);
      if (asked.length === 1) throw new TypeError('Failed to fetch');
      return new Response(new Uint8Array(4));
    }) as unknown as typeof globalThis.fetch;
    await expect(decoderReady(fetch)).rejects.toThrow();
    await decoderReady(fetch);
    await decoderReady(fetch);
    expect(asked.map(({ cache }) => cache)).toEqual(['default', 'reload']);
    for (const { integrity } of asked) expect(integrity).toMatch(/^sha256-[A-Za-z0-9+/]{43}=$/);
  });
});
