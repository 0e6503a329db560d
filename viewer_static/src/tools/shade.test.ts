import { expect, it } from 'vitest';
import { type Grey, greyed, greyOf } from './shade.ts';

const plain: Grey = { width: 101, centre: 50.5, inverted: false, isSigmoid: false, shades: null };

it('a window is linear, sigmoid, or a threshold, and may be inverted', () => {
  expect([-9, 0, 50, 100, 900].map((value) => greyOf(value, plain))).toEqual([0, 0, 128, 255, 255]);
  expect(greyOf(25, { ...plain, inverted: true })).toBe(255 - 64);
  const bent = { ...plain, isSigmoid: true };
  expect(greyOf(50.5, bent)).toBe(128);
  expect(greyOf(101, bent)).toBe(Math.round(255 / (1 + Math.exp(-2))));
  expect([0, 1].map((value) => greyOf(value, { ...plain, width: 1, centre: 1 }))).toEqual([0, 255]);
  expect(greyOf(Number.NaN, plain)).toBe(0);
});

it('a table gives each value from its first on its own shade', () => {
  const shades = Float32Array.from([0, 1, 0.2, 0.4]);
  const table = { ...plain, shades, width: 4, centre: 12 };
  expect([3, 10, 11, 12, 13, 99].map((value) => greyOf(value, table))).toEqual([
    0, 0, 255, 51, 102, 102,
  ]);
});

it('pixels of every kind of number get the grey of their value', () => {
  const kinds = [
    Int16Array.from([-300, -1, 0, 50, 300]),
    Int8Array.from([-100, -1, 0, 50, 100]),
    Uint16Array.from([0, 50, 101, 40_000]),
    Uint8Array.from([0, 50, 101, 200]),
    Float32Array.from([-0.25, 33.3, 50.25, 99.9]),
    Int32Array.from([-70_000, 50, 70_000]),
  ];
  for (const values of kinds) {
    const pixels = new Uint32Array(values.length);
    greyed(values, { ...plain, inverted: true }, pixels);
    const expected = Array.from(values, (value) => greyOf(value, { ...plain, inverted: true }));
    expect(Array.from(pixels, (pixel) => pixel & 255)).toEqual(expected);
    expect(Array.from(pixels, (pixel) => pixel >>> 24)).toEqual(expected.map(() => 255));
  }
});
