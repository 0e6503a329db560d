import { describe, expect, it } from 'vitest';
import { backoff, decide, type Failure, POLICY, retryAfterMs, tallied } from './retry.ts';

const failure = (change: Partial<Failure> = {}): Failure => ({
  retryable: true,
  away: false,
  retryAfterMs: null,
  ...change,
});

describe('retry policy', () => {
  it('has the server`s numbers', () => {
    expect(POLICY).toMatchObject({
      attempts: 3,
      baseMs: 25,
      capMs: 1_000,
      retryAfterCapMs: 10_000,
    });
  });

  it('stops at once when asking again is pointless', () => {
    expect(decide(POLICY, 1, failure({ retryable: false, away: true }), 0.5).kind).toBe('stop');
  });

  it('stops after three attempts without progress when nothing is away', () => {
    expect(decide(POLICY, 2, failure(), 0.5).kind).toBe('again');
    expect(decide(POLICY, 3, failure(), 0.5).kind).toBe('stop');
  });

  it('goes on at a slow pace while the archive is away', () => {
    expect(decide(POLICY, 3, failure({ away: true }), 1)).toEqual({
      kind: 'again',
      pace: 'slow',
      waitMs: 2_000,
    });
    expect(decide(POLICY, 300, failure({ away: true }), 0)).toEqual({
      kind: 'again',
      pace: 'slow',
      waitMs: 1_000,
    });
  });

  it('honours Retry-After up to its cap', () => {
    expect(decide(POLICY, 1, failure({ retryAfterMs: 4_000 }), 1)).toMatchObject({ waitMs: 4_000 });
    expect(decide(POLICY, 1, failure({ retryAfterMs: 60_000 }), 1)).toMatchObject({
      waitMs: 10_000,
    });
    expect(decide(POLICY, 9, failure({ away: true, retryAfterMs: 5_000 }), 1)).toMatchObject({
      waitMs: 5_000,
    });
  });

  it('jitters fully between nothing and the doubled base, never above the cap', () => {
    expect(backoff(POLICY, 1, 0)).toBe(0);
    expect(backoff(POLICY, 1, 1)).toBe(25);
    expect(backoff(POLICY, 3, 1)).toBe(100);
    expect(backoff(POLICY, 40, 1)).toBe(1_000);
  });

  it('renews the budget with progress', () => {
    expect(tallied(2, false)).toBe(3);
    expect(tallied(2, true)).toBe(1);
  });

  it('reads Retry-After as seconds and as a date', () => {
    expect(retryAfterMs('2', 0)).toBe(2_000);
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:05 GMT', 2_000)).toBe(3_000);
    expect(retryAfterMs('soon', 0)).toBeNull();
    expect(retryAfterMs(null, 0)).toBeNull();
  });
});
