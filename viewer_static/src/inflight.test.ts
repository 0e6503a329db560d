import { describe, expect, it } from 'vitest';
import { InFlight } from './inflight.ts';
import { settled } from './testing.ts';

function bench() {
  const starts: {
    key: string;
    signal: AbortSignal;
    land: (value: string) => void;
    crash: (error: Error) => void;
  }[] = [];
  const flights = new InFlight<string>(
    (key, signal) =>
      new Promise((land, crash) => {
        starts.push({ key, signal, land, crash });
      }),
  );
  return { flights, starts };
}

const signals = () => [new AbortController(), new AbortController()] as const;

describe('in-flight sharing', () => {
  it('fetches a multi-frame file once for all who want it', async () => {
    const { flights, starts } = bench();
    const [one, two] = signals();
    const both = Promise.all([flights.get('a', one.signal), flights.get('a', two.signal)]);
    expect(starts).toHaveLength(1);
    starts[0]?.land('bytes');
    expect(await both).toEqual(['bytes', 'bytes']);
    expect(flights.size).toBe(0);
  });

  it('goes on when one of two gives up', async () => {
    const { flights, starts } = bench();
    const [one, two] = signals();
    const first = flights.get('a', one.signal);
    const second = flights.get('a', two.signal);
    one.abort();
    await expect(first).rejects.toMatchObject({ category: 'cancelled' });
    expect(starts[0]?.signal.aborted).toBe(false);
    starts[0]?.land('bytes');
    expect(await second).toBe('bytes');
  });

  it('ends when the last gives up, and a later wish starts anew', async () => {
    const { flights, starts } = bench();
    const [one, two] = signals();
    const first = flights.get('a', one.signal);
    one.abort();
    await expect(first).rejects.toMatchObject({ category: 'cancelled' });
    expect(starts[0]?.signal.aborted).toBe(true);
    void flights.get('a', two.signal);
    expect(starts).toHaveLength(2);
  });

  it('forgets a failure', async () => {
    const { flights, starts } = bench();
    const [one, two] = signals();
    const first = flights.get('a', one.signal);
    starts[0]?.crash(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await settled();
    void flights.get('a', two.signal);
    expect(starts).toHaveLength(2);
  });

  it('does not start for who has already left', async () => {
    const { flights, starts } = bench();
    const [one] = signals();
    one.abort();
    await expect(flights.get('a', one.signal)).rejects.toMatchObject({ category: 'cancelled' });
    expect(starts).toHaveLength(0);
  });
});
