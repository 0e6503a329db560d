import { describe, expect, it } from 'vitest';
import { eachFrame } from './frames.ts';

describe('what a hand moves', () => {
  it('is drawn at once, then once a frame, and in the end as it is', () => {
    const frames: (() => void)[] = [];
    const drawn: number[] = [];
    let value = 0;
    const told = eachFrame(
      () => drawn.push(value),
      (next) => frames.push(next),
    );
    for (value = 1; value <= 40; value++) told();
    expect(drawn).toEqual([1]);
    expect(frames).toHaveLength(1);
    frames.shift()?.();
    expect(drawn).toEqual([1, 41]);
    frames.shift()?.();
    expect(drawn).toEqual([1, 41]);
    expect(frames).toHaveLength(0);
    told();
    expect(drawn).toHaveLength(3);
  });
});
