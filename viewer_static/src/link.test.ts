import { describe, expect, it } from 'vitest';
import { Link } from './link.ts';
import { FakeClock } from './testing.ts';

function bench(answer: () => Promise<unknown>) {
  const clock = new FakeClock();
  const link = new Link(clock);
  let asked = 0;
  link.glance = () => {
    asked += 1;
    return answer();
  };
  return { clock, link, asked: () => asked };
}

describe('link', () => {
  it('asks only while someone waits', async () => {
    const { clock, link, asked } = bench(() => Promise.resolve({ archive: 'ok' }));
    await clock.advance(5_000);
    expect(asked()).toBe(0);
    const release = link.hold();
    await clock.advance(3_500);
    expect(asked()).toBe(4);
    release();
    await clock.advance(10_000);
    expect(asked()).toBe(4);
  });

  it('says how long the archive has been away', async () => {
    const { clock, link } = bench(() =>
      Promise.resolve({ archive: 'unreachable', since_seconds: 30 }),
    );
    link.hold();
    await clock.advance(4_000);
    expect(link.sentence()).toMatch(/archive has not answered for 34 s/);
    expect(link.stallMs()).toBe(35_000);
  });

  it('tells a dead link from a dead archive', async () => {
    const { clock, link } = bench(() => Promise.reject(new TypeError('Failed to fetch')));
    link.hold();
    await clock.advance(2_000);
    expect(link.sentence()).toMatch(/No answer from the server/);
    expect(link.stallMs()).toBe(10_000);
  });

  it('wakes the sleepers when the archive answers again', async () => {
    let archive = 'unreachable';
    const { clock, link } = bench(() => Promise.resolve({ archive, since_seconds: 1 }));
    let woken = 0;
    link.addEventListener('wake', () => {
      woken += 1;
    });
    link.hold();
    await clock.advance(3_000);
    expect(woken).toBe(0);
    archive = 'ok';
    await clock.advance(1_500);
    expect(woken).toBe(1);
  });

  it('releases a hold only once', async () => {
    const { clock, link } = bench(() => Promise.resolve({ archive: 'ok' }));
    const first = link.hold();
    link.hold();
    first();
    first();
    await clock.advance(1_000);
    expect(link.waiting).toBe(true);
  });
});
