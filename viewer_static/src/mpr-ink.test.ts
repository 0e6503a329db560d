import { describe, expect, it } from 'vitest';
import { type Box, wordBox } from './mpr-ink.ts';

const page = { width: 400, height: 300, letter: 10 };
const over = (one: Box, other: Box) =>
  one.left < other.right &&
  other.left < one.right &&
  one.top < other.bottom &&
  other.top < one.bottom;

describe('words beside figures on a plane', () => {
  it('stand at the rightmost point, and inside the view', () => {
    const box = wordBox(
      ['12.3 mm'],
      [
        [10, 40],
        [100, 60],
      ],
      page,
      [],
    );
    expect(box.left).toBe(110);
    expect(Math.abs((box.top + box.bottom) / 2 - 60)).toBeLessThan(3);
    const edge = wordBox(['Mean 86.3 HU · SD 225.9'], [[395, 299]], page, []);
    expect(edge.right).toBeLessThanOrEqual(400);
    expect(edge.bottom).toBeLessThanOrEqual(300);
  });

  it('do not lie over those of another figure while there is room', () => {
    const taken: Box[] = [];
    for (const y of [100, 104, 96, 110]) {
      const box = wordBox(['one line', 'and another'], [[200, y]], page, taken);
      expect(taken.some((other) => over(box, other))).toBe(false);
      taken.push(box);
    }
  });
});
