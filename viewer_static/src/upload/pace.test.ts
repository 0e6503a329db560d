import { describe, expect, it } from 'vitest';
import { verdict, verdictOfHead, waitMs } from './pace.ts';

describe('what is tried again', () => {
  it.each([0, 408, 409, 423, 425, 429, 460, 500, 502, 503, 504])('%i', (status) => {
    expect(verdict(status)).toBe('again');
  });

  it.each([400, 401, 403, 404, 413, 415, 507])('never %i', (status) => {
    expect(verdict(status)).toBe('stop');
  });

  it('what has expired is sent anew', () => {
    expect(verdict(410)).toBe('gone');
    expect(verdictOfHead(404)).toBe('gone');
    expect(verdictOfHead(503)).toBe('again');
  });
});

describe('how long is waited', () => {
  it('doubles to half a minute and stays there', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((failures) => waitMs(failures, 0.5, null));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  });

  it('is spread by a fifth to both sides', () => {
    expect(waitMs(3, 0, null)).toBeCloseTo(1600);
    expect(waitMs(3, 1, null)).toBeCloseTo(2400);
  });

  it('is at least what the server asks for, within reason', () => {
    expect(waitMs(1, 0.5, 5_000)).toBe(5_000);
    expect(waitMs(1, 0.5, 86_400_000)).toBe(60_000);
  });
});
