import { expect, test } from 'vitest';
import { Goodput } from './goodput.ts';
import { FakeClock } from './testing.ts';

const MIB = 1024 ** 2;

async function loaded(meter: Goodput, clock: FakeClock, bytes: number, ms: number): Promise<void> {
  const end = meter.began();
  await clock.advance(ms);
  meter.came(bytes);
  end();
}

test('a little says nothing about the link', async () => {
  const clock = new FakeClock();
  const meter = new Goodput(clock);
  await loaded(meter, clock, 1_000, 500);
  expect(meter.bytesPerSecond).toBeNull();
});

test('silence between files is not the slowness of the link', async () => {
  const clock = new FakeClock();
  const meter = new Goodput(clock);
  await loaded(meter, clock, MIB, 500);
  await clock.advance(60_000);
  await loaded(meter, clock, MIB, 500);
  expect(meter.bytesPerSecond).toBe(2 * MIB);
});

test('files side by side share the time', async () => {
  const clock = new FakeClock();
  const meter = new Goodput(clock);
  const ends = [meter.began(), meter.began()];
  await clock.advance(500);
  meter.came(MIB);
  await clock.advance(500);
  meter.came(MIB);
  for (const end of ends) end();
  expect(meter.bytesPerSecond).toBe(2 * MIB);
});

test('a link that changes is known after a few files', async () => {
  const clock = new FakeClock();
  const meter = new Goodput(clock);
  for (let n = 0; n < 3; n++) await loaded(meter, clock, MIB, 50);
  for (let n = 0; n < 5; n++) await loaded(meter, clock, MIB, 2_000);
  expect(meter.bytesPerSecond).toBeLessThan(1.5 * MIB);
});
