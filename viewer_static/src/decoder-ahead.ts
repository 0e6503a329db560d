/** The program that decodes what a slow link brings: here whole, and before anything is to be decoded by it. */
import wasm from '@cornerstonejs/codec-openjph/wasm?url';
import { type Clock, wallClock } from './clock.ts';
import { recognised, ViewerError } from './errors.ts';

/** Of 80 kB nobody tells how far they are before they are whole; a slow line is given twice as long each time. */
const PATIENT_MS = 10_000;

let coming: Promise<void> | null = null;
let isDoubtful = false;
let patience = PATIENT_MS;

/**
 * Into the browser's cache, where the decoding worker finds it; the browser compares it with its digest.
 *
 * A flipped bit in it would fail every picture, or draw another one. Who is refused may ask again.
 */
export function decoderReady(
  fetch: typeof globalThis.fetch = globalThis.fetch,
  clock: Clock = wallClock,
): Promise<void> {
  coming ??= brought(fetch, clock).catch((thrown) => {
    coming = null;
    throw thrown;
  });
  return coming;
}

/** For who does not wait: what fails is met again by who does. */
export function bringDecoder(): void {
  decoderReady().catch(recognised);
}

async function brought(fetch: typeof globalThis.fetch, clock: Clock): Promise<void> {
  // What failed may lie in the browser's cache.
  const cache = isDoubtful ? 'reload' : 'default';
  isDoubtful = true;
  const giveUp = new AbortController();
  const { signal } = giveUp;
  const cancel = clock.after(patience, () => giveUp.abort(new ViewerError('stalled')));
  patience *= 2;
  try {
    const init: RequestInit = { integrity: __DECODER_DIGEST__, cache, priority: 'low', signal };
    const answer = await fetch(wasm, init);
    await answer.arrayBuffer();
    if (!answer.ok) throw new ViewerError('engine', 'The decoder is not where it should be.');
  } finally {
    cancel();
  }
  isDoubtful = false;
}
