/** Nothing of a patient goes into the browser's own cache, which lies on the disk in the clear. */
export const browserFetch: typeof globalThis.fetch = (input, init) =>
  globalThis.fetch(input, { ...init, cache: 'no-store' });
