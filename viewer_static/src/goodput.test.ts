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
