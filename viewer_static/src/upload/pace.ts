/** Whether and when a broken send is tried again: pure. */

export type Verdict = 'again' | 'gone' | 'stop';

const STEPS_MS = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000];
const SPREAD = 0.2;
const AFTER_CAP_MS = 60_000;
const AGAIN = new Set([0, 408, 409, 423, 425, 429, 460]);

/** What an answer's status means for the file; 0 is no answer at all. */
export function verdict(status: number): Verdict {
  if (status === 410) return 'gone';
  if (status === 507) return 'stop';
  return AGAIN.has(status) || status >= 500 ? 'again' : 'stop';
}

/** Asking where the file stands: what the server does not know any more is sent anew. */
export function verdictOfHead(status: number): Verdict {
  return status === 404 ? 'gone' : verdict(status);
}

/** The wait before try number `failures` + 1; failures count from the last progress. */
export function waitMs(failures: number, random: number, askedMs: number | null): number {
  const step = STEPS_MS[Math.min(Math.max(failures, 1), STEPS_MS.length) - 1] ?? 0;
  const spread = step * (1 - SPREAD + 2 * SPREAD * random);
  return Math.max(spread, Math.min(askedMs ?? 0, AFTER_CAP_MS));
}
