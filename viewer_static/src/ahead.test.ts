import { describe, expect, it } from 'vitest';
import { Ahead } from './ahead.ts';
import type { Instance } from './api.ts';
import { ViewerError } from './errors.ts';
import type { Waiting, Watch } from './persist.ts';
import type { Proven } from './proven.ts';
import type { Transport } from './transport.ts';

const instance = { id: 'one', size: 10, md5: null } as unknown as Instance;
const proven = { bytes: new Uint8Array(10), converted: null, integrity: 'length', requestId: null };

function bench() {
  const loads: { watch: Watch; finish: (proven: Proven) => void }[] = [];
  const load = (_path: string, _expected: unknown, watch: Watch) =>
    new Promise<Proven>((resolve, reject) => {
      loads.push({ watch, finish: resolve });
      watch.signal.addEventListener('abort', () => reject(new ViewerError('cancelled')));
    });
  const transport = { instance: load, goodput: { isSlowFor: () => false } } as unknown as Transport;
  const ahead = new Ahead(transport, instance);
  const giveUp = new AbortController();
  const waits: (Waiting | null)[] = [];
  const watch: Watch = { signal: giveUp.signal, waiting: (waiting) => waits.push(waiting) };
  return { ahead, loads, giveUp, waits, watch };
}

describe('the first picture, asked for ahead', () => {
  it('is asked for once and handed to who wants that instance first', async () => {
    const { ahead, loads, watch } = bench();
    expect(ahead.take('other', watch)).toBeNull();
    const taken = ahead.take('one', watch);
    loads[0]?.finish(proven as Proven);
    await expect(taken).resolves.toBe(proven);
    expect(ahead.take('one', watch)).toBeNull();
    expect(loads).toHaveLength(1);
  });

  it('tells why it waits, also what it knew before anybody asked', () => {
    const { ahead, loads, waits, watch } = bench();
    const error = new ViewerError('server');
    loads[0]?.watch.waiting?.({ error });
    ahead.take('one', watch);
    loads[0]?.watch.waiting?.(null);
    expect(waits).toEqual([{ error }, null]);
  });

  it('ends with the reader who took it', async () => {
    const { ahead, giveUp, watch } = bench();
    const taken = ahead.take('one', watch);
    giveUp.abort();
    await expect(taken).rejects.toMatchObject({ category: 'cancelled' });
  });

  it('ends at once for a reader who has already left', async () => {
    const { ahead, giveUp, watch } = bench();
    giveUp.abort();
    await expect(ahead.take('one', watch)).rejects.toMatchObject({ category: 'cancelled' });
  });
});
