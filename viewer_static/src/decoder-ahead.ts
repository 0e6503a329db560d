/** The program that decodes what a slow link brings: here whole, and before anything is to be decoded by it. */
import wasm from '@cornerstonejs/codec-openjph/wasm?url';
import { recognised, ViewerError } from './errors.ts';

let coming: Promise<void> | null = null;
let isDoubtful = false;

/**
 * Into the browser's cache, where the decoding worker finds it; the browser compares it with its digest.
 *
 * A flipped bit in it would fail every picture, or draw another one. Who is refused may ask again.
 */
export function decoderReady(fetch: typeof globalThis.fetch = globalThis.fetch): Promise<void> {
  coming ??= brought(fetch).catch((thrown) => {
    coming = null;
    throw thrown;
  });
  return coming;
}

/** For who does not wait: what fails is met again by who does. */
export function bringDecoder(): void {
  decoderReady().catch(recognised);
}

async function brought(fetch: typeof globalThis.fetch): Promise<void> {
  // What failed may lie in the browser's cache.
  const cache = isDoubtful ? 'reload' : 'default';
  isDoubtful = true;
  const answer = await fetch(wasm, { integrity: __DECODER_DIGEST__, cache, priority: 'low' });
  await answer.arrayBuffer();
  if (!answer.ok) throw new ViewerError('engine', 'The decoder is not where it should be.');
  isDoubtful = false;
}
