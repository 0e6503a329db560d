import { describe, expect, it } from 'vitest';
import { digestHere } from './digest.ts';
import { Gate } from './gate.ts';
import type { Waiting } from './persist.ts';
import { POLICY } from './retry.ts';
import { FakeClock, FakeNetwork, type Scripted } from './testing.ts';
import { type Line, Transport } from './transport.ts';

const who: Scripted = {
  status: 401,
  headers: { 'content-type': 'application/problem+json' },
  body: new TextEncoder().encode('{"code": "sign_in_required", "retryable": false}'),
};
const fine: Scripted = {
  headers: { 'content-type': 'application/json' },
  body: new TextEncoder().encode('{"fine": true}'),
};

function bench(...script: Scripted[]) {
  const clock = new FakeClock();
  const network = new FakeNetwork(script);
  const gate = new Gate();
  const asked: string[] = [];
  gate.addEventListener('shut', () => asked.push('who?'));
  const waits: (Waiting | null)[] = [];
  const leave = new AbortController();
  const watch = { signal: leave.signal, waiting: (told: Waiting | null) => waits.push(told) };
  const transport = new Transport({
    digest: digestHere,
    clock,
    policy: POLICY,
    wake: new EventTarget(),
    gate,
    fetch: network.fetch as Line['fetch'],
    stallMs: () => 10_000,
  });
  return { clock, network, gate, asked, waits, leave, watch, transport };
}

describe('while nobody is signed in', () => {
  it('all wait after one refusal each, ask nothing, fail nothing, and go on once', async () => {
    const { clock, network, gate, asked, waits, watch, transport } = bench(who, who, who, fine);
    const loads = ['a', 'b', 'c'].map((path) => transport.json(path, watch));
    await clock.advance(3_600_000);
    expect(network.calls.length).toBe(3);
    expect(asked).toEqual(['who?']);
    expect(waits).toEqual([]);
    const late = transport.json('d', watch);
    await clock.advance(60_000);
    expect(network.calls.length).toBe(3);
    gate.open();
    expect(await Promise.all([...loads, late])).toEqual(Array(4).fill({ fine: true }));
    expect(network.calls.length).toBe(7);
  });

  it('polling pauses too', async () => {
    const { clock, network, gate, transport } = bench(who, fine);
    const glance = transport.glance('status', 2_500);
    await clock.advance(60_000);
    expect(network.calls.length).toBe(1);
    gate.open();
    expect(await glance).toEqual({ fine: true });
  });

  it('who leaves does not wait for a sign-in', async () => {
    const { clock, leave, watch, transport } = bench(who);
    const load = transport.json('a', watch).catch((thrown: unknown) => thrown);
    await clock.advance(1_000);
    leave.abort();
    expect(await load).toMatchObject({ category: 'cancelled' });
  });
});

describe('a refusal that comes late', () => {
  it('is no question any more: it was sent before somebody signed in', () => {
    const gate = new Gate();
    const { pass } = gate;
    gate.refused(pass);
    gate.open();
    gate.refused(pass);
    expect(gate.isShut).toBe(false);
  });
});
