import { describe, expect, it } from 'vitest';
import { date, personName, plural, seconds, time } from './text.ts';

describe('text', () => {
  it.each([
    ['Doe^Jane', 'DOE, Jane', ''],
    ['Doe^Jane^Maria^Dr^Jr', 'DOE, Jane Maria', ''],
    ['Yamada^Tarou=山田^太郎=やまだ^たろう', 'YAMADA, Tarou', '山田 太郎'],
    ['=山田^太郎', '山田 太郎', ''],
    ['Buc^Jérôme', 'BUC, Jérôme', ''],
    ['PHANTOM', 'PHANTOM', ''],
    ['', 'No name', ''],
    ['^^^^', 'No name', ''],
    // A sign that turns the writing would turn the date of birth beside it too.
    ['Doe\u202e^Jane\u0007', 'DOE, Jane', ''],
  ])('reads the name %s', (value, main, beside) => {
    expect(personName(value)).toEqual({ main, beside });
  });

  it('writes dates so that nobody mixes day and month', () => {
    expect(date('20260131')).toBe('2026-01-31');
    expect(date('')).toBe('');
    expect(date('1998')).toBe('1998');
    expect(time('134501.12')).toBe('13:45');
    expect(time('')).toBe('');
  });

  it('counts', () => {
    expect(plural(1, 'image')).toBe('1 image');
    expect(plural(1_200, 'study', 'studies')).toBe('1,200 studies');
    expect(plural(12_345_678, 'file')).toBe('12,345,678 files');
    expect(plural(999, 'file')).toBe('999 files');
    expect(seconds(34_400)).toBe('34 s');
    expect(seconds(600_000)).toBe('10 min');
  });
});
