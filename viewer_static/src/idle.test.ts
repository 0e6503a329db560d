import { describe, expect, it } from 'vitest';
import { Idle } from './idle.ts';
import { FakeClock } from './testing.ts';

function bench() {
  const clock = new FakeClock();
  const told: number[] = [];
  const warned: boolean[] = [];
  const present = () => told.push(clock.now());
  const idle = new Idle({ clock, present, warn: (ending) => warned.push(ending) });
  idle.begin(900_000);
  return { clock, told, warned, idle };
}

describe('somebody who reads without loading anything', () => {
  it('is told to the server once a minute, and only while something is done', async () => {
    const { clock, told, idle } = bench();
    for (let minute = 0; minute < 30; minute++) {
      idle.touched();
      await clock.advance(60_000);
    }
    expect(told.length).toBeGreaterThan(20);
    const before = told.length;
    await clock.advance(600_000);
    expect(told.length - before).toBeLessThanOrEqual(1);
  });

  it('is warned a minute before the end, and one key goes on', async () => {
    const { clock, told, warned, idle } = bench();
    await clock.advance(830_000);
    expect(warned).toEqual([]);
    await clock.advance(10_000);
    expect(warned).toEqual([true]);
    idle.touched();
    expect(warned).toEqual([true, false]);
    expect(told).toEqual([840_000]);
  });
});
