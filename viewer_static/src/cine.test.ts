import { describe, expect, it } from 'vitest';
import { Cine } from './cine.ts';
import { FakeClock } from './testing.ts';

describe('cine', () => {
  it('plays at its rate and stops', async () => {
    const clock = new FakeClock();
    let frames = 0;
    const cine = new Cine(clock, async () => {
      frames += 1;
    });
    cine.setRate(10);
    cine.toggle();
    await clock.advance(950);
    expect(frames).toBe(10);
    cine.toggle();
    await clock.advance(5_000);
    expect(frames).toBe(10);
  });

  it('never runs ahead of what is on screen', async () => {
    const clock = new FakeClock();
    let frames = 0;
    const cine = new Cine(clock, () => {
      frames += 1;
      return new Promise((resolve) => clock.after(1_000, resolve));
    });
    cine.setRate(60);
    cine.toggle();
    await clock.advance(3_500);
    expect(frames).toBe(4);
    cine.stop();
  });

  it('keeps to sensible rates', () => {
    const cine = new Cine(new FakeClock(), () => Promise.resolve());
    cine.setRate(null);
    expect(cine.rate).toBe(15);
    cine.setRate(1_000);
    expect(cine.rate).toBe(60);
    cine.setRate(0.1);
    expect(cine.rate).toBe(1);
  });
});
