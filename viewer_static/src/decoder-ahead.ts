/** The programs that decode pictures: here whole, and before anything is to be decoded by them. */
import jpegLs from '@cornerstonejs/codec-charls/decodewasm?url';
import jpeg from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm?url';
import jpegXl from '@cornerstonejs/codec-libjxl/decodewasm?url';
import jpeg2000 from '@cornerstonejs/codec-openjpeg/decodewasm?url';
import highThroughput from '@cornerstonejs/codec-openjph/wasm?url';
import { type Clock, wallClock } from './clock.ts';
import { recognised, ViewerError } from './errors.ts';

/** Nobody tells how far they are before they are whole; a slow line is given twice as long each time. */
const PATIENT_MS = 10_000;
const MOST_PATIENT_MS = 120_000;

/** The last numbers of 1.2.840.10008.1.2.4.*, and what decodes them; PS3.5 10. */
const PROGRAMS: readonly (readonly [RegExp, string, keyof typeof __DECODER_DIGESTS__])[] = [
  [/^50$/, jpeg, 'jpeg'],
  [/^8[01]$/, jpegLs, 'jpegLs'],
  [/^9[01]$/, jpeg2000, 'jpeg2000'],
  [/^20[123]$/, highThroughput, 'highThroughput'],
  [/^11[012]$/, jpegXl, 'jpegXl'],
];
const COMPRESSED = '1.2.840.10008.1.2.4.';
const HTJ2K = `${COMPRESSED}201`;

class Program {
  private coming: Promise<void> | null = null;
  private isDoubtful = false;
  private patience = PATIENT_MS;

  constructor(
    private readonly address: string,
    private readonly integrity: string,
  ) {}

  ready(fetch: typeof globalThis.fetch, clock: Clock): Promise<void> {
    this.coming ??= this.brought(fetch, clock).catch((thrown: unknown) => {
      this.coming = null;
      const { category, message } = recognised(thrown);
      // Whatever befell it says nothing of the picture that waits for it.
      throw new ViewerError(
        'engine',
        category === 'engine' ? message : 'The decoder did not arrive.',
      );
    });
    return this.coming;
  }

  private async brought(fetch: typeof globalThis.fetch, clock: Clock): Promise<void> {
    // What failed may lie in the browser's cache.
    const cache = this.isDoubtful ? 'reload' : 'default';
    this.isDoubtful = true;
    const giveUp = new AbortController();
    const { signal } = giveUp;
    const late = `The decoder did not arrive within ${this.patience / 1_000} s.`;
    const cancel = clock.after(this.patience, () => giveUp.abort(new ViewerError('engine', late)));
    this.patience = Math.min(2 * this.patience, MOST_PATIENT_MS);
    try {
      const init: RequestInit = { integrity: this.integrity, cache, priority: 'low', signal };
      const answer = await fetch(this.address, init);
      await answer.arrayBuffer();
      if (!answer.ok) throw new ViewerError('engine', 'The decoder is not where it should be.');
    } finally {
      cancel();
    }
    this.isDoubtful = false;
  }
}

const programs = PROGRAMS.map(
  ([ends, address, name]) => [ends, new Program(address, __DECODER_DIGESTS__[name])] as const,
);

/**
 * Into the browser's cache, where the decoding worker finds it; the browser compares it with its digest.
 *
 * A flipped bit in it would fail every picture, or draw another one. Who is refused may ask again.
 */
export async function decoderReady(
  syntax: string,
  fetch: typeof globalThis.fetch = globalThis.fetch,
  clock: Clock = wallClock,
): Promise<void> {
  if (!syntax.startsWith(COMPRESSED)) return;
  const end = syntax.slice(COMPRESSED.length);
  await programs.find(([ends]) => ends.test(end))?.[1].ready(fetch, clock);
}

/** For who does not wait, on a slow link: what fails is met again by who does. */
export function bringDecoder(): void {
  decoderReady(HTJ2K).catch(recognised);
}
