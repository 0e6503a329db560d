import { describe, expect, it } from 'vitest';
import {
  cleaned,
  frameBytes,
  frameCount,
  type PixelHeader,
  slopeSound,
  trimmed,
} from './pixels.ts';

const header = (change: Partial<PixelHeader> = {}): PixelHeader => ({
  rows: 1,
  columns: 3,
  samples: 1,
  frames: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  highBit: 11,
  signed: false,
  ...change,
});

const bytesOf = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);
const unsigned = (bytes: Uint8Array) => [...new Uint16Array(bytes.slice().buffer)];
const signed = (bytes: Uint8Array) => [...new Int16Array(bytes.slice().buffer)];

describe('pixels', () => {
  it('leaves out the bits above Bits Stored', () => {
    expect(unsigned(cleaned(header(), bytesOf(0x8123, 0x0fff, 0xf000)))).toEqual([0x123, 0xfff, 0]);
  });

  it('extends the sign of signed values', () => {
    const one = header({ signed: true });
    expect(signed(cleaned(one, bytesOf(0x0800, 0x07ff, 0xffff)))).toEqual([-2048, 2047, -1]);
  });

  it('moves values down when the high bit says so', () => {
    expect(unsigned(cleaned(header({ highBit: 15 }), bytesOf(0x1230, 0xfff0, 0x000f)))).toEqual([
      0x123, 0xfff, 0,
    ]);
  });

  it('does not touch full words, nor the bytes it was given', () => {
    const bytes = bytesOf(0xffff, 1, 2);
    expect(cleaned(header({ bitsStored: 16, highBit: 15 }), bytes)).toBe(bytes);
    cleaned(header(), bytes);
    expect(unsigned(bytes)).toEqual([0xffff, 1, 2]);
  });

  it('keeps out of headers that make no sense', () => {
    const bytes = bytesOf(0xffff, 1, 2);
    for (const change of [
      { bitsStored: 0 },
      { highBit: 3 },
      { highBit: 16 },
      { bitsAllocated: 32 },
      { bitsStored: Number.NaN },
    ]) {
      expect(cleaned(header(change), bytes)).toBe(bytes);
    }
  });

  it('cuts padding off, and only padding', () => {
    const bytes = new Uint8Array(8);
    expect(frameBytes(header())).toBe(6);
    expect(trimmed(header(), bytes)).toHaveLength(6);
    expect(trimmed(header({ columns: 9 }), bytes)).toHaveLength(8);
    expect(trimmed(header({ columns: Number.NaN }), bytes)).toHaveLength(8);
  });

  it('refuses pieces it cannot tell apart, and flat rescaling', () => {
    expect(() => frameCount(header({ frames: 8 }), 44)).toThrow(/44 pieces for 8 frames/);
    expect(() => frameCount(header({ frames: 8 }), 8)).not.toThrow();
    expect(() => slopeSound(0)).toThrow(/slope of zero/);
    expect(() => slopeSound('0.0')).toThrow(/slope of zero/);
    for (const sound of [undefined, '', 1, -0.5]) expect(() => slopeSound(sound)).not.toThrow();
  });
});
