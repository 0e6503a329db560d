import { describe, expect, it } from 'vitest';
import { greyed } from './slide-canvas.ts';
import { arranged, jpegColours, pixelsOf } from './slide-decode.ts';
import { levelOf, pyramidOf, type SlideLevel } from './slide-level.ts';
import { instanceOf } from './testing.ts';

const NONE = () => Promise.reject(new Error('the worker was asked'));

const answer = (change: Record<string, unknown> = {}) => ({
  sop_uid: '1.2.3',
  flavour: 'VOLUME',
  width: 5,
  height: 3,
  tile_width: 2,
  tile_height: 2,
  frames: 6,
  layers: 1,
  samples: 3,
  bits_allocated: 8,
  bits_stored: 8,
  signed: false,
  planar: false,
  photometric: 'RGB',
  transfer_syntax: '1.2.840.10008.1.2.1',
  spacing: [0.001, 0.001],
  window: null,
  ...change,
});
const ONE = { ...instanceOf(1), sop_uid: '1.2.3' };
const level = (change: Record<string, unknown> = {}): SlideLevel => levelOf(ONE, answer(change));
const RGB = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const RGBA = [1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 10, 11, 12, 255];

describe('a level of a slide', () => {
  it('is another one when its file names another instance', () => {
    expect(() => levelOf(ONE, answer({ sop_uid: '1.2.4' }))).toThrow(
      expect.objectContaining({ category: 'wrong-image' }),
    );
  });

  it('is refused when its numbers cannot be', () => {
    for (const change of [{ width: 0 }, { tile_width: 1.5 }, { frames: 1, height: 'x' }, null]) {
      const said = change === null ? null : answer(change);
      expect(() => levelOf(ONE, said)).toThrow();
    }
    expect(() => level({ samples: 4 })).toThrow(/not drawn/);
    expect(() => level({ bits_allocated: 16 })).toThrow(/not drawn/);
  });

  it('has no scale where the file has none', () => {
    expect(level({ spacing: null }).spacing).toBeNull();
    expect(level({ spacing: [0, 1] }).spacing).toBeNull();
    expect(level({ spacing: ['a', 1] }).spacing).toBeNull();
  });

  it('stands in a pyramid by its size, labels left out', () => {
    const small = level({ width: 2 });
    const label = level({ flavour: 'LABEL', width: 99 });
    expect(pyramidOf([small, label, level()]).map(({ width }) => width)).toEqual([5, 2]);
    expect(pyramidOf([label])).toHaveLength(1);
  });
});

describe('a tile', () => {
  it('of plain colour comes out as it is, planes or pixels', async () => {
    const drawn = await pixelsOf(level(), RGB, NONE);
    expect(drawn).toMatchObject({ kind: 'colour' });
    expect(drawn.kind === 'colour' ? [...drawn.rgba] : []).toEqual(RGBA);
    const planes = Uint8Array.from([1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]);
    const planar = await pixelsOf(level({ planar: true }), planes, NONE);
    expect(planar.kind === 'colour' ? [...planar.rgba] : []).toEqual(RGBA);
  });

  it('of sixteen bit grey keeps its values', async () => {
    const grey = { samples: 1, bits_allocated: 16, bits_stored: 12, photometric: 'MONOCHROME2' };
    const words = Uint16Array.from([0, 4095, 0xf001, 300]);
    const drawn = await pixelsOf(level(grey), new Uint8Array(words.buffer), NONE);
    expect(drawn.kind === 'grey' ? [...drawn.values] : []).toEqual([0, 4095, 1, 300]);
  });

  it('with too few or too many bytes is refused', async () => {
    await expect(pixelsOf(level(), RGB.slice(1), NONE)).rejects.toThrow(/11 bytes instead of 12/);
    expect(() => arranged(level(), RGB.slice(3), false)).toThrow(/Decoded 9 values/);
  });

  it('is taken from the decoder as it says its components lie', async () => {
    const coded = level({ transfer_syntax: '1.2.840.10008.1.2.4.80' });
    const planes = Uint8Array.from([1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]);
    const decode = () => Promise.resolve({ pixelData: planes, interleaveMode: 0 });
    const drawn = await pixelsOf(coded, RGB, decode);
    expect(drawn.kind === 'colour' ? [...drawn.rgba] : []).toEqual(RGBA);
  });

  it('in a coding or colour that is not surely right is named, not drawn', async () => {
    for (const change of [
      { transfer_syntax: '1.2.840.10008.1.2.4.51' },
      { transfer_syntax: '1.2.840.10008.1.2.2' },
      { photometric: 'YBR_FULL' },
      { samples: 1, photometric: 'PALETTE COLOR' },
    ]) {
      const bytes = change.samples === 1 ? RGB.slice(0, 4) : RGB;
      await expect(pixelsOf(level(change), bytes, NONE)).rejects.toMatchObject({
        category: 'undrawable',
      });
    }
  });
});

const segment = (marker: number, ...body: number[]) => [0xff, marker, 0, body.length + 2, ...body];
const ascii = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
const frame = (names: readonly number[]) =>
  segment(0xc0, 8, 0, 2, 0, 2, names.length, ...names.flatMap((name) => [name, 0x11, 0]));
const jpeg = (...parts: number[][]) => Uint8Array.from([0xff, 0xd8, ...parts.flat()]);
const adobe = (transform: number) =>
  segment(0xee, ...ascii('Adobe'), 0, 100, 0, 0, 0, 0, transform);

describe('the colours of a JPEG', () => {
  it('are what libjpeg takes them for', () => {
    expect(jpegColours(jpeg(frame([1, 2, 3])))).toBe('ybr');
    expect(jpegColours(jpeg(frame(ascii('RGB'))))).toBe('rgb');
    expect(jpegColours(jpeg(adobe(0), frame([1, 2, 3])))).toBe('rgb');
    expect(jpegColours(jpeg(adobe(1), frame(ascii('RGB'))))).toBe('ybr');
    const jfif = segment(0xe0, ...ascii('JFIF'), 0, 1, 1, 0, 0, 1, 0, 1, 0, 0);
    expect(jpegColours(jpeg(jfif, frame(ascii('RGB'))))).toBe('ybr');
    expect(jpegColours(jpeg(frame([1])))).toBe('other');
    expect(jpegColours(Uint8Array.from([1, 2]))).toBe('other');
  });

  it('must be those the file names', async () => {
    const coded = level({ transfer_syntax: '1.2.840.10008.1.2.4.50' });
    await expect(pixelsOf(coded, jpeg(frame([1, 2, 3])), NONE)).rejects.toThrow(/others than RGB/);
  });
});

describe('a grey window', () => {
  const shades = (values: Uint16Array, centre: number, width: number, inverted = false) =>
    [...greyed(values, { photometric: 'MONOCHROME2' }, { centre, width, inverted })].filter(
      (_, at) => at % 4 === 0,
    );

  it('runs from black to white, and the other way when inverted', () => {
    const values = Uint16Array.from([0, 100, 150, 200, 65_535]);
    expect(shades(values, 150.5, 101)).toEqual([0, 0, 128, 255, 255]);
    expect(shades(values, 150.5, 101, true)).toEqual([255, 255, 127, 0, 0]);
  });

  it('of eight bit leaves the values alone', () => {
    const values = Uint16Array.from([0, 1, 127, 128, 255]);
    expect(shades(values, 128, 256)).toEqual([0, 1, 127, 128, 255]);
  });
});
