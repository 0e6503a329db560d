import { describe, expect, it } from 'vitest';
import type { Channel } from './contents.ts';
import { LONGEST_SECONDS, traceOf } from './traces.ts';

const coded = (...samples: number[]) =>
  btoa(String.fromCharCode(...new Uint8Array(Int16Array.from(samples).buffer)));
const channel = (unit: string, step: number, ...samples: number[]): Channel => ({
  name: 'I',
  unit,
  step,
  samples: coded(...samples),
});

describe('a curve', () => {
  it('of an electrocardiogram has 25 mm a second and 10 mm a millivolt', () => {
    const { runs, up, down } = traceOf(channel('mV', 0.001, 0, 1_500, -200), 2);
    expect(runs).toEqual([
      [
        [0, 0],
        [12.5, 15],
        [25, -2],
      ],
    ]);
    expect([up, down]).toEqual([17, 8]);
  });

  it('is broken where samples are missing', () => {
    const { runs } = traceOf(channel('mV', 0.001, 5, -32_768, 7), 500);
    expect(runs.map((run) => run.length)).toEqual([1, 1]);
    expect(traceOf(channel('mV', 1, -32_768), 500).runs).toEqual([]);
  });

  it('of another unit lies between its ends', () => {
    const { runs, low, high } = traceOf(channel('mm[Hg]', 1, 80, 120), 25);
    expect(runs).toEqual([
      [
        [0, -10],
        [1, 10],
      ],
    ]);
    expect([low, high]).toEqual([80, 120]);
  });

  it('is cut after a minute', () => {
    const { seconds } = traceOf(channel('mV', 1, ...new Array(LONGEST_SECONDS * 2 + 9).fill(1)), 2);
    expect(seconds).toBe(LONGEST_SECONDS);
  });
});
