import { describe, expect, it, vi } from 'vitest';
import { Decoders } from './decoders.ts';
import { FakeClock } from './testing.ts';

function bench(greet: () => Promise<unknown> = () => Promise.resolve()) {
  const clock = new FakeClock();
  const workers = [new EventTarget(), new EventTarget()];
  let ended = 0;
  const manager = {
    terminate: () => {
      ended += 1;
    },
    workerRegistry: { dicomImageLoader: { nativeWorkers: workers } },
  };
  return { clock, workers, decoders: new Decoders(manager, clock, greet), ended: () => ended };
}

const never = () => new Promise<never>(() => undefined);

describe('decoders', () => {
  it('hands on what the decode says', async () => {
    const { decoders } = bench();
    expect(await decoders.guarded(() => Promise.resolve(7))).toBe(7);
    await expect(decoders.guarded(() => Promise.reject(new Error('bad stream')))).rejects.toThrow(
      'bad stream',
    );
  });

  it('lets no decode wait for a worker that could not be loaded', async () => {
    const { decoders, workers, ended } = bench();
    const two = [decoders.guarded(never), decoders.guarded(never)];
    workers[1]?.dispatchEvent(new Event('error'));
    for (const decode of two)
      await expect(decode).rejects.toMatchObject({ category: 'engine', retryable: true });
    expect(ended()).toBe(1);
  });

  it('ends a decode that hangs and the worker with it', async () => {
    const { decoders, clock, ended } = bench();
    const caught = expect(decoders.guarded(never)).rejects.toMatchObject({ category: 'decode' });
    await clock.advance(60_000);
    await caught;
    expect(ended()).toBe(1);
  });

  it('starts anew when a decoder could not fetch its parts', async () => {
    const { decoders, ended } = bench();
    const failed = () =>
      Promise.reject(new Error('Aborted(both async and sync fetching of the wasm failed)'));
    await expect(decoders.guarded(failed)).rejects.toMatchObject({ category: 'engine' });
    expect(ended()).toBe(1);
  });

  it('sees a worker die before the first decode', () => {
    const { decoders, workers, ended } = bench();
    decoders.watch();
    workers[0]?.dispatchEvent(new Event('error'));
    expect(ended()).toBe(1);
  });

  it('forgets a decode that is over', async () => {
    const { decoders, clock, ended } = bench();
    await decoders.guarded(() => Promise.resolve(1));
    await clock.advance(600_000);
    expect(ended()).toBe(0);
  });

  it('says of a worker that does not arrive that it did not, and nothing of the picture', async () => {
    const greetings = [never, never, () => Promise.resolve()];
    const { decoders, clock, ended } = bench(() => (greetings.shift() ?? never)());
    for (const seconds of [30, 60]) {
      const over = vi.fn();
      const decode = decoders.guarded(() => Promise.resolve(7));
      decode.catch(over);
      await clock.advance(1_000 * seconds - 1);
      expect(over).not.toHaveBeenCalled();
      await clock.advance(1);
      const said = {
        category: 'engine',
        message: `The decoder did not arrive within ${seconds} s.`,
      };
      await expect(decode).rejects.toMatchObject({ ...said, retryable: true, away: true });
    }
    expect(ended()).toBe(2);
    expect(await decoders.guarded(() => Promise.resolve(7))).toBe(7);
  });

  it('greets the new worker after the old one hung', async () => {
    let greeted = 0;
    const { decoders, clock } = bench(async () => {
      greeted += 1;
    });
    await Promise.all([decoders.come(), decoders.guarded(async () => 1)]);
    expect(greeted).toBe(1);
    const hung = expect(decoders.guarded(never)).rejects.toMatchObject({ category: 'decode' });
    await clock.advance(60_000);
    await hung;
    await decoders.guarded(async () => 1);
    expect(greeted).toBe(2);
  });
});
