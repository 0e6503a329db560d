import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing.ts';
import type { Transport } from '../transport.ts';
import type { Outcomes } from './answers.ts';
import { Batch } from './batch.ts';
import { Desk } from './desk.ts';
import { Item, type State } from './item.ts';
import { Ledger } from './ledger.ts';
import { sums } from './words.ts';

const id = (n: number): string => n.toString(16).padStart(32, '0');
const NONE: Outcomes = { stored: 0, duplicate: 0, conflict: 0, refused: 0, skipped: 0 };

/** A server that had begun to store file 2 when the batch was cancelled. */
class Server {
  readonly asked: string[] = [];
  private rev = 0;
  states: Record<number, string> = { 1: 'receiving', 2: 'storing', 3: 'cancelled' };

  change = async (method: string): Promise<void> => {
    this.asked.push(method);
  };

  json = async (): Promise<unknown> => {
    this.asked.push('GET');
    this.rev += 1;
    const uploads = Object.entries(this.states).map(([n, state]) => ({
      id: id(Number(n)),
      name: n,
      length: 100,
      offset: state === 'receiving' ? 40 : 100,
      state,
      results: state === 'done' ? { ...NONE, stored: 1 } : NONE,
      study: null,
      detail: null,
      progress: null,
    }));
    return { id: id(99), label: null, rev: this.rev, source: 'folder', uploads, results: [] };
  };
}

function scene() {
  const server = new Server();
  const clock = new FakeClock();
  const desk = new Desk({
    transport: server as unknown as Transport,
    clock,
    ledger: new Ledger(null, 'salt'),
    asker: { patients: async () => null, target: async () => null },
    online: () => true,
    reading: () => false,
    visible: () => true,
    breathe: async () => undefined,
    uuid: () => 'key',
  });
  const batch = new Batch('key', 'folder', 'DISC', 0);
  batch.opened({ id: id(99), label: null, rev: 0 });
  for (const [index, state] of (['sending', 'sent', 'sent'] as State[]).entries()) {
    const path = `${index + 1}`;
    const item = new Item({ path, size: 100, fingerprint: path, kind: 'dicom', plain: false });
    item.file = new Blob(['x']);
    item.become(state, 0);
    batch.items.push(item);
    batch.named(item, id(index + 1));
  }
  desk.batches.push(batch);
  const done: string[] = [];
  desk.addEventListener('done', () => done.push(sums(batch.tally())));
  return { server, clock, desk, batch, done };
}

const states = ({ items }: Batch): State[] => items.map(({ state }) => state);

describe('cancelling', () => {
  it('claims nothing of files the server has before the server has spoken', async () => {
    const { desk, batch, done } = scene();
    desk.cancelAll(batch);
    expect(states(batch)).toEqual(['cancelled', 'sent', 'sent']);
    expect(batch.done).toBe(false);
    expect(done).toEqual([]);
  });

  it('tells in the end what was stored all the same', async () => {
    const { server, clock, desk, batch, done } = scene();
    desk.cancelAll(batch);
    await clock.advance(0);
    expect(states(batch)).toEqual(['cancelled', 'storing', 'cancelled']);
    expect(done).toEqual([]);
    server.states[2] = 'done';
    await clock.advance(1_000);
    expect(done).toEqual(['1 in the archive, 2 cancelled']);
    expect(server.asked[0]).toBe('DELETE');
  });
});
