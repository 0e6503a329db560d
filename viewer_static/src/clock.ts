/** Time and chance as arguments, so that tests turn the hands themselves. */

export interface Clock {
  now(): number;
  random(): number;
  /** Calls back once; the answer cancels it. */
  after(ms: number, ring: () => void): () => void;
}

export const wallClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, ring) => {
    const timer = setTimeout(ring, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after the time, on `wake`, or when the signal ends it (the caller looks at the signal). */
export function pause(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  wake?: EventTarget,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      wake?.removeEventListener('wake', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done);
    wake?.addEventListener('wake', done);
    if (signal.aborted) done();
  });
}
