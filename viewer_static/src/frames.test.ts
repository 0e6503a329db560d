import { describe, expect, it } from 'vitest';
import { eachFrame } from './frames.ts';

describe('what a hand moves', () => {
  it('is drawn once a frame, as it is at that moment', () => {
    const frames: (() => void)[] = [];
    const drawn: number[] = [];
    let value = 0;
    const told = eachFrame(
      () => drawn.push(value),
      (next) => frames.push(next),
    );
    for (value = 1; value <= 40; value++) told();
    expect(frames).toHaveLength(1);
    frames.shift()?.();
    expect(drawn).toEqual([41]);
    told();
    frames.shift()?.();
    expect(drawn).toHaveLength(2);
  });
});
