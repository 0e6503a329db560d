import { describe, expect, it } from 'vitest';
import { Cine, following } from './cine.ts';
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

  it('is silent when a step by hand stops what does not play', () => {
    const cine = new Cine(new FakeClock(), () => Promise.resolve());
    let heard = 0;
    cine.addEventListener('change', () => {
      heard += 1;
    });
    cine.stop();
    expect(heard).toBe(0);
    cine.toggle();
    cine.stop();
    expect([heard, cine.playing]).toEqual([2, false]);
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

  it('plays from its first slice to its last, wherever it begins', () => {
    expect([3, 4, 5, 9, 0].map((at) => following(at, [3, 5]))).toEqual([4, 5, 3, 3, 3]);
  });

  it('takes an end that makes no sense for the end of the series', () => {
    const cine = new Cine(new FakeClock(), () => Promise.resolve());
    cine.from(4, 24);
    expect(cine.span).toEqual([4, 23]);
    cine.to(9);
    expect(cine.span).toEqual([4, 9]);
    cine.from(12, 24);
    expect(cine.span).toEqual([12, 23]);
    cine.to(5);
    expect(cine.span).toEqual([0, 5]);
    cine.all();
    expect(cine.span).toBeNull();
  });
});
