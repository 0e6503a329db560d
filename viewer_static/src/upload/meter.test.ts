import { expect, it } from 'vitest';
import { Meter } from './meter.ts';

it('tells the rate of the last seconds, not of the whole time', () => {
  const meter = new Meter();
  for (let at = 0; at < 10_000; at += 100) meter.add(1_000, at);
  expect(meter.rate(10_000)).toBeCloseTo(10_000, -3);
  for (let at = 10_000; at < 20_000; at += 100) meter.add(100, at);
  expect(meter.rate(20_000)).toBeCloseTo(1_000, -2);
});

it('says nothing after a blink, and nothing after a long silence', () => {
  const meter = new Meter();
  meter.add(1_000_000, 0);
  expect(meter.rate(200)).toBe(0);
  expect(meter.rate(60_000)).toBe(0);
});
