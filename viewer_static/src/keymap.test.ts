import { expect, it } from 'vitest';
import { Keymap } from './keymap.ts';
import type { Command } from './keys.ts';

function shelf(kept: string | null = null) {
  const held = new Map<string, string>(kept === null ? [] : [['keys', kept]]);
  return {
    getItem: (name: string) => held.get(name) ?? null,
    setItem: (name: string, value: string) => void held.set(name, value),
    removeItem: (name: string) => void held.delete(name),
  };
}

const command = (id: string, ...keys: string[]): Command => ({
  id,
  group: 'View',
  label: id,
  keys,
  run: () => undefined,
});
const invert = command('invert', 'i');
const reset = command('reset', 'r');
const keys = (map: Keymap) => map.applied([invert, reset]).map((one) => one.keys);

it('gives a key to one command only, and remembers it', () => {
  const storage = shelf();
  new Keymap(storage).bind([invert, reset], invert, 'r');
  expect(keys(new Keymap(storage))).toEqual([['r'], []]);
});

it('goes back to the usual keys', () => {
  const map = new Keymap(shelf());
  map.bind([invert, reset], reset, 'q');
  map.reset();
  expect(keys(map)).toEqual([['i'], ['r']]);
});

it('is not led astray by what somebody else kept there', () => {
  for (const nonsense of ['{', 'null', '7', '{"invert":"x"}'])
    expect(keys(new Keymap(shelf(nonsense)))).toEqual([['i'], ['r']]);
});
