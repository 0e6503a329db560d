import { expect, it } from 'vitest';
import { drawingOf, isByProcessor } from './drawing.ts';

it('leaves an imitated graphics card alone unless the reader wants it', () => {
  expect(isByProcessor('best', true)).toBe(true);
  expect(isByProcessor('best', false)).toBe(false);
  expect(isByProcessor('graphics', true)).toBe(false);
  expect(isByProcessor('processor', false)).toBe(true);
});

it('takes the quicker way until somebody chose, and after nonsense', () => {
  for (const kept of [null, '', 'nonsense'])
    expect(drawingOf({ getItem: () => kept })).toBe('best');
  expect(drawingOf({ getItem: () => 'graphics' })).toBe('graphics');
});
