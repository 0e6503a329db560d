import { describe, expect, it } from 'vitest';
import { type Category, ViewerError } from './errors.ts';
import { Healing } from './healing.ts';
import { SeriesModel } from './series.ts';
import { FakeClock, seriesOf } from './testing.ts';

function bench() {
  const clock = new FakeClock();
  const model = new SeriesModel(seriesOf(4));
  const rounds: (readonly number[])[] = [];
  const healing = new Healing(model, clock, (indexes) => rounds.push(indexes));
  const fails = (index: number, category: Category) =>
    model.moved(index, 'failed', new ViewerError(category));
  return { clock, model, rounds, healing, fails };
}

describe('healing', () => {
  it('gives passing failures a second chance together', async () => {
    const { clock, rounds, fails } = bench();
    fails(0, 'server');
    fails(1, 'digest');
    fails(2, 'damaged');
    await clock.advance(5_000);
    expect(rounds).toEqual([[0, 1]]);
  });

  it('leaves alone what asking again cannot mend', async () => {
    const { clock, rounds, fails } = bench();
    fails(0, 'damaged');
    await clock.advance(600_000);
    expect(rounds).toEqual([]);
  });

  it('stops after three rounds', async () => {
    const { clock, rounds, fails } = bench();
    for (let turn = 0; turn < 6; turn++) {
      fails(0, 'server');
      await clock.advance(100_000);
    }
    expect(rounds).toHaveLength(3);
  });

  it('ends with the series', async () => {
    const { clock, rounds, fails, healing } = bench();
    fails(0, 'server');
    healing.close();
    await clock.advance(600_000);
    expect(rounds).toEqual([]);
  });
});
