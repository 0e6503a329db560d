import { describe, expect, it } from 'vitest';
import { coming, DRAW_MS } from './coming.ts';
import { FakeClock } from './testing.ts';

function bench() {
  const clock = new FakeClock();
  const view = new EventTarget();
  const page = { isHidden: false, verdict: null as boolean | null };
  const told: boolean[] = [];
  const isHidden = () => page.isHidden;
  void coming(view, () => page.verdict, clock, isHidden).then((isThere) => told.push(isThere));
  const drawn = async (verdict: boolean | null) => {
    page.verdict = verdict;
    view.dispatchEvent(new Event('drawn'));
    await clock.advance(0);
  };
  return { clock, page, told, drawn };
}

describe('a picture on its way to the canvas', () => {
  it('has come when the canvas says so, whatever was drawn before', async () => {
    const { clock, told, drawn } = bench();
    await drawn(null);
    await clock.advance(DRAW_MS - 1);
    expect(told).toEqual([]);
    await drawn(true);
    expect(told).toEqual([true]);
  });

  it('is given up after 8 s, and a late one changes nothing', async () => {
    const { clock, told, drawn } = bench();
    await clock.advance(DRAW_MS - 1);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual([false]);
    await drawn(true);
    expect(told).toEqual([false]);
  });

  it('is not coming when another one was asked for', async () => {
    const { told, drawn } = bench();
    await drawn(false);
    expect(told).toEqual([false]);
  });

  it('is waited for while the page is hidden, and 8 s more at most once it is seen', async () => {
    const { clock, page, told } = bench();
    page.isHidden = true;
    await clock.advance(10 * DRAW_MS);
    expect(told).toEqual([]);
    page.isHidden = false;
    await clock.advance(DRAW_MS);
    expect(told).toEqual([false]);
  });
});
