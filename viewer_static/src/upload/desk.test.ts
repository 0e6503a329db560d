import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing.ts';
import type { Transport } from '../transport.ts';
import type { Outcomes } from './answers.ts';
import { Batch } from './batch.ts';
import { Desk } from './desk.ts';
import { Item, type State } from './item.ts';
import { Ledger } from './ledger.ts';
import { rejoin, waitingFor } from './rejoin.ts';
import type { Found } from './survey.ts';
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

describe('a file that broke off', () => {
  const found = (path: string, proof: string) =>
    ({ path, size: 100, kind: 'dicom', skipped: '', fingerprint: `new ${path}`, proof }) as Found;

  function broken() {
    const { desk, batch } = scene();
    const ledger = new Ledger(null, 'salt');
    const [item] = batch.items as [Item];
    item.proof = 'the same';
    item.sent = 40;
    item.become('refused', 0, 'The stick was removed.', 'removed');
    const itemOf = (one: Found) => {
      const made = new Item({ ...one, plain: false });
      made.proof = one.proof;
      return made;
    };
    return { desk, batch, ledger, itemOf };
  }

  it('goes on under the same upload when the same bytes are chosen again, from wherever', () => {
    const { desk, batch, ledger, itemOf } = broken();
    const again = [found('elsewhere/1', 'the same')];
    expect(waitingFor(again, desk.batches)).toBe(batch);
    rejoin(batch, again, itemOf, ledger);
    const [item] = batch.items as [Item];
    expect(batch.items).toHaveLength(3);
    expect(item).toMatchObject({ path: '1', state: 'waiting', id: id(1), sent: 40 });
    expect(ledger.upload(item.fingerprint, id(99))).toBe(id(1));
  });

  it('begins anew when its bytes are others, and leaves the old one as it was', () => {
    const { desk, batch, ledger, itemOf } = broken();
    const other = [found('1', 'another')];
    expect(waitingFor(other, desk.batches)).toBeNull();
    rejoin(batch, other, itemOf, ledger);
    expect(states(batch)).toEqual(['refused', 'sent', 'sent', 'waiting']);
    expect(batch.items[3]).toMatchObject({ id: null, sent: 0, beginning: 1 });
  });
});

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
