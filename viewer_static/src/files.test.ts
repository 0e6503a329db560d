import { describe, expect, it, vi } from 'vitest';
import { ViewerError } from './errors.ts';
import { settled } from './testing.ts';

/** The library's cache of what files say, by image. */
const cached = vi.hoisted(() => new Map<string, Record<string, unknown>>());

vi.mock('@cornerstonejs/core', () => ({
  metaData: { get: (_: string, base: string) => cached.get(base) },
}));
vi.mock('@cornerstonejs/metadata', () => ({
  Enums: { MetadataModules: { NATURALIZED: 'naturalized' } },
  utilities: { clearTypedCacheData: (_: string, base: string) => cached.delete(base) },
}));
vi.mock('@cornerstonejs/dicom-image-loader', () => ({
  prefetchPart10Instance: async (base: string, buffer: ArrayBuffer) => {
    await Promise.resolve();
    cached.set(base, { Rows: 4, SOPInstanceUID: '1.2.3', PixelData: [new Uint8Array(buffer)] });
  },
}));

const { files } = await import('./files.ts');

interface Load {
  readonly come: () => void;
  readonly fail: (error: ViewerError) => void;
}

/** An open series whose loads end when the test says so, abandoned or not. */
function series(id: string): Load[] {
  const loads: Load[] = [];
  files.enter({
    holds: (instance) => instance === id,
    source: () =>
      new Promise((resolve, reject) => {
        const bytes = new Uint8Array(16);
        loads.push({ come: () => resolve({ bytes, sopUid: '1.2.3' }), fail: reject });
      }),
    stubborn: (_, __, attempt) => attempt(),
    evicted: () => undefined,
  });
  return loads;
}

async function twice(id: string) {
  const loads = series(id);
  const leaving = new AbortController();
  const first = files.open(`vdcm:${id}`, leaving.signal);
  leaving.abort();
  await expect(first).rejects.toMatchObject({ category: 'cancelled' });
  const second = files.open(`vdcm:${id}`, new AbortController().signal);
  loads[1]?.come();
  await second;
  const held = cached.get(`vdcm:${id}`);
  expect(held?.Rows).toBe(4);
  return { loads, held };
}

describe('a load given up that ends after the next one', () => {
  it('takes nothing away that the other brought', async () => {
    const { loads, held } = await twice('cancelled');
    loads[0]?.fail(new ViewerError('cancelled'));
    await settled();
    expect(cached.get('vdcm:cancelled')).toBe(held);
  });

  it('does not call the file broken', async () => {
    const { loads } = await twice('broken');
    loads[0]?.fail(new ViewerError('server'));
    await settled();
    await files.open('vdcm:broken', new AbortController().signal);
  });

  it('puts nothing in its place, though it came whole', async () => {
    const { loads, held } = await twice('whole');
    loads[0]?.come();
    await settled();
    expect(cached.get('vdcm:whole')).toBe(held);
  });
});

it('keeps what is known of a file that is tried again until the new one is here', async () => {
  const loads = series('again');
  const { signal } = new AbortController();
  const first = files.open('vdcm:again', signal);
  loads[0]?.come();
  await first;
  const held = cached.get('vdcm:again');
  files.pardon('again');
  const second = files.open('vdcm:again', signal);
  await settled();
  expect(loads).toHaveLength(2);
  expect(cached.get('vdcm:again')).toBe(held);
  loads[1]?.come();
  await second;
  expect(cached.get('vdcm:again')).not.toBe(held);
  await files.open('vdcm:again', signal);
  expect(loads).toHaveLength(2);
});
