/** Whether and how long to wait before asking again: pure, the same words and numbers as upstream/retry.py. */

export interface Policy {
  /** Failures in a row without a new byte before the quick pace ends. */
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  /** Pace while the archive or the link is away: until cancelled, with the reason on screen. */
  readonly slowMs: number;
  readonly retryAfterCapMs: number;
}

export const POLICY: Policy = {
  attempts: 3,
  baseMs: 25,
  capMs: 1_000,
  slowMs: 2_000,
  retryAfterCapMs: 10_000,
};

export interface Failure {
  readonly retryable: boolean;
  /** The archive or the link is away: it may come back, so waiting has no end. */
  readonly away: boolean;
  readonly retryAfterMs: number | null;
}

export type Decision =
  | { readonly kind: 'again'; readonly pace: 'quick' | 'slow'; readonly waitMs: number }
  | { readonly kind: 'stop' };

/** Failures in a row that brought nothing new; progress renews the budget. */
export function tallied(withoutProgress: number, progressed: boolean): number {
  return progressed ? 1 : withoutProgress + 1;
}

/** Full jitter: anything between nothing and the doubled base, never above the cap. */
export function backoff(policy: Policy, failures: number, random: number): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.max(0, failures - 1));
  return ceiling * random;
}

export function decide(
  policy: Policy,
  failures: number,
  failure: Failure,
  random: number,
): Decision {
  if (!failure.retryable) return { kind: 'stop' };
  const asked = Math.min(failure.retryAfterMs ?? 0, policy.retryAfterCapMs);
  if (failures < policy.attempts) {
    return {
      kind: 'again',
      pace: 'quick',
      waitMs: Math.max(backoff(policy, failures, random), asked),
    };
  }
  if (!failure.away) return { kind: 'stop' };
  const slow = policy.slowMs * (0.5 + random / 2);
  return { kind: 'again', pace: 'slow', waitMs: Math.max(slow, asked) };
}

/** Retry-After as seconds or as an HTTP date; null when it says nothing usable. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null || header.trim() === '') return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
