import { describe, expect, it } from 'vitest';
import type { MaskFrame } from './contents.ts';
import { outlineOf, placeOf, type Slot, unpacked } from './place.ts';

const slot: Slot = {
  sopUid: '1.2.3',
  frame: 0,
  rows: 40,
  columns: 60,
  plane: { origin: [-20, -30, 103], row: [1, 0, 0], column: [0, 1, 0], across: 0.75, down: 1.5 },
  frameOfReference: '1.9',
  gap: 3,
};
const mask = { rows: 40, columns: 60, frame_of_reference: '1.9' };
const frame: MaskFrame = {
  segment: 1,
  box: [0, 0, 2, 2],
  bits: 1,
  mask: btoa(String.fromCharCode(0b10010000)),
  position: [-20, -30, 103],
  orientation: [1, 0, 0, 0, 1, 0],
  spacing: [1.5, 0.75],
  images: [],
};

describe('a mask', () => {
  it('lies pixel on pixel in its own plane', () => {
    expect(placeOf(frame, mask, slot)).toEqual({ origin: [0, 0], across: [1, 0], down: [0, 1] });
  });

  it('lies by millimetres where its pixels are others, turned or mirrored', () => {
    const other = { ...frame, position: [-17, -27, 103], orientation: [-1, 0, 0, 0, 1, 0] };
    expect(placeOf({ ...other, spacing: [3, 1.5] }, mask, slot)).toEqual({
      origin: [4, 2],
      across: [-2, 0],
      down: [0, 2],
    });
  });

  it('lies on no slice beside its plane, across it, or in other coordinates', () => {
    expect(placeOf({ ...frame, position: [-20, -30, 103.3] }, mask, slot)).toBeNull();
    expect(
      placeOf({ ...frame, position: [-20, -30, 103.1] }, mask, { ...slot, gap: 0.15 }),
    ).toBeNull();
    expect(placeOf({ ...frame, orientation: [1, 0, 0, 0, 0, 1] }, mask, slot)).toBeNull();
    expect(placeOf(frame, { ...mask, frame_of_reference: '1.8' }, slot)).toBeNull();
  });

  it('that names an image is not drawn on it where their places differ', () => {
    const named = { ...frame, images: [['1.2.3', 0]] as const };
    expect(placeOf({ ...named, position: [-20, -30, 106] }, mask, slot)).toBeNull();
    expect(placeOf(named, { ...mask, frame_of_reference: '' }, slot)).not.toBeNull();
  });

  it('without a place is drawn only on an image it names, of the same size', () => {
    const bare = { ...frame, position: null, images: [['1.2.3', 2]] as const };
    expect(placeOf(bare, mask, { ...slot, frame: 2 })).not.toBeNull();
    expect(placeOf(bare, mask, { ...slot, frame: 3 })).toBeNull();
    expect(placeOf(bare, mask, { ...slot, rows: 41 })).toBeNull();
    expect(placeOf({ ...bare, images: [] }, mask, slot)).toBeNull();
  });

  it('unpacks to what the server packed', () => {
    expect([...unpacked(frame)]).toEqual([255, 0, 0, 255]);
    expect([...unpacked({ ...frame, bits: 8, mask: btoa('\x00\x40\x80\xff') })]).toEqual([
      0, 64, 128, 255,
    ]);
  });
});

describe('a contour', () => {
  const contour = { kind: 'CLOSED_PLANAR', points: [-20, -30, 103.4, -17, -27, 103.4], images: [] };

  it('lies in pixels on the slice of its plane', () => {
    expect(outlineOf(contour, '1.9', slot)).toEqual([
      [0, 0],
      [4, 2],
    ]);
  });

  it('lies on no slice further away than the tolerance, or than half of the way to the next', () => {
    expect(outlineOf(contour, '1.9', { ...slot, gap: 0.6 })).toBeNull();
    expect(outlineOf({ ...contour, points: [0, 0, 103, 0, 0, 104] }, '1.9', slot)).toBeNull();
  });

  it('of a report lies on the frames of the image it names, to the pixel', () => {
    const mark = { kind: 'OPEN_PLANAR', points: [], images: ['1.2.3'], pixels: [1, 2, 3.5, 4] };
    const outline = [
      [1, 2],
      [3.5, 4],
    ];
    expect(outlineOf(mark, '', { ...slot, plane: null })).toEqual(outline);
    const framed = { ...mark, numbers: [2] };
    expect(outlineOf(framed, '', { ...slot, frame: 2 })).toEqual(outline);
    expect(outlineOf(framed, '', { ...slot, frame: 3 })).toBeNull();
    expect(outlineOf(mark, '', { ...slot, sopUid: '1.2.4' })).toBeNull();
  });

  it('needs the same coordinates, or an image it names', () => {
    expect(outlineOf(contour, '1.8', slot)).toBeNull();
    expect(outlineOf({ ...contour, images: ['1.2.3'] }, '1.8', slot)).not.toBeNull();
  });
});
