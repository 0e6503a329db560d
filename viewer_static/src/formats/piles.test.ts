import { describe, expect, it } from 'vitest';
import type { Contents, Contour, MaskFrame } from './contents.ts';
import { levelAt } from './contour-piles.ts';
import { type Ground, groundOf } from './pile-model.ts';
import { stockedOf, wordsOf } from './piles.ts';

const FRAME = '1.2.3';
const GROUND: Ground = groundOf(
  {
    columns: 60,
    rows: 40,
    slices: 5,
    origin: [-20, -30, 100],
    steps: [
      [0.75, 0, 0],
      [0, 1.5, 0],
      [0, 0, 3],
    ],
  },
  FRAME,
);
const mask = (segment: number, z: number, more: Partial<MaskFrame> = {}): MaskFrame => ({
  segment,
  box: [4, 6, 2, 1],
  bits: 1,
  mask: 'wA==',
  position: [-20, -30, z],
  orientation: [1, 0, 0, 0, 1, 0],
  spacing: [1.5, 0.75],
  images: [],
  ...more,
});
const contents = (more: Partial<Contents>): Contents => ({
  sop_uid: '',
  class_name: '',
  kind: '',
  facts: [],
  references: [],
  ...more,
});
const masks = (frames: MaskFrame[], frame_of_reference = FRAME) =>
  stockedOf(
    contents({
      segmentation: {
        type: 'BINARY',
        rows: 40,
        columns: 60,
        frame_of_reference,
        segments: [],
        frames,
        too_large: false,
      },
    }),
    GROUND,
  );
const closed = (points: number[], kind = 'CLOSED_PLANAR'): Contour => ({
  kind,
  points,
  images: [],
});
const contours = (given: Contour[], frame_of_reference = FRAME) =>
  stockedOf(
    contents({
      structures: {
        regions: [
          { number: '7', label: '', kind: '', frame_of_reference, colour: null, contours: given },
        ],
        too_large: false,
      },
    }),
    GROUND,
  );
const box = (z: number): Contour => closed([-17, -24, z, -14, -24, z, -14, -18, z, -17, -18, z]);

describe('masks', () => {
  it('become a pile for each segment and way, where they lie in the patient', () => {
    const sideways = mask(1, 100, { orientation: [0, 1, 0, 0, 0, 1] });
    const { stocks, lost, total } = masks([mask(1, 103), mask(2, 103), mask(1, 100), sideways]);
    expect(stocks.map(({ key, pile }) => [key, pile.sheets.map(({ depth }) => depth)])).toEqual([
      ['1', [100, 103]],
      ['2', [103]],
      ['1', [-20]],
    ]);
    expect(stocks[0]?.pile.sheets[0]).toMatchObject({ left: -17, top: -21, width: 2, height: 1 });
    expect([lost, total]).toEqual([{ elsewhere: 0, placeless: 0, bent: 0 }, 4]);
  });

  it('reach half of the way to the next slice, even where they lie further apart', () => {
    expect(masks([mask(1, 100), mask(1, 109)]).stocks[0]?.pile.reach).toBeCloseTo(1.53);
    expect(masks([mask(1, 100), mask(1, 101)]).stocks[0]?.pile.reach).toBeCloseTo(0.51);
    expect(masks([mask(1, 100)]).stocks[0]?.pile.reach).toBeCloseTo(1.53);
  });

  it('of another frame of reference, or of none, are not cut, and that is said', () => {
    for (const frame of ['1.2.4', '']) {
      const found = masks([mask(1, 100), mask(1, 103, { position: null })], frame);
      expect(found.stocks).toEqual([]);
      expect(wordsOf(found)).toEqual([
        '1 of 2 are in another frame of reference than the planes and are not drawn.',
        '1 of 2 have no place in the patient: they are shown on the slices only.',
      ]);
    }
    const nowhere = { ...GROUND, frameOfReference: '' };
    const { segmentation } = contents({});
    expect(segmentation).toBeUndefined();
    expect(stockedOf(contents({}), nowhere).stocks).toEqual([]);
  });
});

describe('contours', () => {
  it('of one depth make one sheet on the pixels of the volume', () => {
    const { stocks } = contours([box(103), box(103), box(106)]);
    const [{ pile, contours: flats }] = stocks as [(typeof stocks)[0]];
    expect(pile).toMatchObject({ across: 0.75, down: 1.5, isEdge: true });
    expect(pile.sheets.map(({ ink }) => (ink as unknown[]).length)).toEqual([2, 1]);
    // Columns 4 to 8 and rows 4 to 8.
    expect(pile.sheets[1]).toMatchObject({ left: -17, top: -24, width: 5, height: 5, depth: 106 });
    expect(levelAt(flats, 104.4, pile.reach)).toHaveLength(2);
    expect(levelAt(flats, 104.6, pile.reach)).toHaveLength(1);
    expect(levelAt(flats, 107.54, pile.reach)).toEqual([]);
  });

  it('that lie in another plane are cut in theirs; a bent one is told, open ones enclose nothing', () => {
    const upright = closed([0, 5, 100, 6, 5, 100, 6, 5, 112, 0, 5, 112]);
    const bent = closed([0, 0, 100, 6, 0, 104, 6, 6, 100, 0, 6, 104]);
    const open = closed([0, 0, 100, 6, 0, 100], 'OPEN_PLANAR');
    const found = contours([upright, bent, open]);
    expect(found.lost).toEqual({ elsewhere: 0, placeless: 0, bent: 1 });
    const [flat, tall] = found.stocks as [(typeof found.stocks)[0], (typeof found.stocks)[0]];
    expect(flat.pile.sheets).toEqual([]);
    expect(flat.contours).toHaveLength(1);
    expect(Math.abs(tall.pile.sheets[0]?.depth ?? 0)).toBeCloseTo(5);
    expect(tall.pile.across).toBe(0.75);
  });

  it('of another frame of reference, and findings on images, are told', () => {
    expect(contours([box(103)], '1.9').lost.elsewhere).toBe(1);
    expect(contours([{ ...box(103), points: [], pixels: [1, 2] }]).lost.placeless).toBe(1);
  });
});
