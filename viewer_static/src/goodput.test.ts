import { expect, test } from 'vitest';
import { type Arrival, Goodput } from './goodput.ts';

const MIB = 1024 ** 2;

const body = (from: number, to: number, bytes: number, transferSize = bytes): Arrival => ({
  responseStart: from,
  responseEnd: to,
  encodedBodySize: bytes,
  transferSize,
});

test('a little says nothing about the link', () => {
  const meter = new Goodput();
  meter.heard([body(0, 500, 1_000), body(600, 1_100, 40_000)]);
  expect(meter.bytesPerSecond).toBeNull();
});

test('silence between files is not the slowness of the link', () => {
  const meter = new Goodput();
  meter.heard([body(0, 500, MIB)]);
  meter.heard([body(60_000, 60_500, MIB)]);
  expect(meter.bytesPerSecond).toBeCloseTo(2 * MIB);
});

test('files side by side share the time', () => {
  const meter = new Goodput();
  meter.heard([body(100, 1_000, MIB), body(0, 1_000, MIB)]);
  expect(meter.bytesPerSecond).toBeCloseTo(2 * MIB);
});

test('what a cache had says nothing', () => {
  const meter = new Goodput();
  meter.heard([body(0, 1, 10 * MIB, 0)]);
  expect(meter.bytesPerSecond).toBeNull();
});

test('a link that turns slow is known with the first files', () => {
  const meter = new Goodput();
  for (let n = 0; n < 3; n++) meter.heard([body(n * 100, n * 100 + 50, MIB)]);
  meter.heard([body(3_000, 5_000, MIB)]);
  expect(meter.bytesPerSecond).toBeLessThan(1.5 * MIB);
});

test("the page's own script tells a slow link before any picture has come", () => {
  const meter = new Goodput();
  meter.heard([body(0, 240, 60_000)]);
  expect(meter.bytesPerSecond).toBeNull();
  expect(meter.expected).toBeLessThan(1e6);
});

test('a busy machine is no slow link', () => {
  const meter = new Goodput();
  meter.heard([body(0, 110, 60_000)]);
  expect(meter.expected).toBeGreaterThan(3e6);
});

test('a slow link stays one while small bodies make it look wider, until it is wide indeed', () => {
  const meter = new Goodput();
  let now = 0;
  const after = (rate: number): boolean => {
    for (let n = 0; n < 8; n++) {
      const ended = now + (1_000 * MIB) / rate;
      meter.heard([body(now, ended, MIB)]);
      now = ended;
    }
    return meter.isSlowFor(MIB);
  };
  expect(after(4e6)).toBe(false);
  expect(after(2.5e6)).toBe(true);
  expect(after(4e6)).toBe(true);
  expect(after(12e6)).toBe(false);
  expect(after(4e6)).toBe(false);
});

test('the pace of the link is known when the page is opened again, until this time tells', () => {
  const kept = new Map<string, string>();
  const memory = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  new Goodput(memory).heard([body(0, 4_000, MIB)]);
  expect([...kept.values()]).toEqual(['300000']);
  const again = new Goodput(memory);
  expect(again.expected).toBe(300_000);
  again.heard([body(0, 10, 60_000)]);
  expect(again.expected).toBe(300_000);
  again.heard([body(1_000, 1_050, MIB)]);
  expect(again.expected).toBeGreaterThan(3e6);
});
