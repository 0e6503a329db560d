import { describe, expect, it, vi } from 'vitest';
import { decoderReady } from './decoder-ahead.ts';

describe('the decoder for slow links', () => {
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
