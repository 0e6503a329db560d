import { describe, expect, it } from 'vitest';
import type { Raw } from './figures/spacing.ts';
import { SeriesModel } from './series.ts';
import { instanceOf, seriesOf } from './testing.ts';
import { placesOf, stackAround } from './volume-frames.ts';
import type { Stack } from './volume-stack.ts';

const AXIAL = [1, 0, 0, 0, 1, 0];
const group = (position: readonly number[], more: Raw = {}): Raw => ({
  PlanePositionSequence: [{ ImagePositionPatient: position }],
  ...more,
});
const orientation = (values: readonly number[]): Raw => ({
  PlaneOrientationSequence: [{ ImageOrientationPatient: values }],
});

/** As Enhanced CT and MR say it: places per frame, the orientation of all in one table. */
const enhanced = (depths: readonly number[]): Raw => ({
  SharedFunctionalGroupsSequence: [orientation(AXIAL)],
  PerFrameFunctionalGroupsSequence: depths.map((z) => group([1, 2, z])),
});

function framed(frames: readonly number[], raw: Raw, at = 0): Stack | string {
  const instances = frames.map((count, number) => instanceOf(number, { frames: count }));
  const { slices } = new SeriesModel(seriesOf(frames.length, { instances }));
  const shown = slices[at];
  if (shown === undefined) throw new Error('no such slice');
  return stackAround(slices, shown, () => raw);
}

describe('frames of one file', () => {
  it('stand where the tables of the frames put them, however they go', () => {
    const stack = framed([6], enhanced([10, 4, 2, 6, 8, 0]));
    expect(stack).toMatchObject({ order: [5, 2, 1, 3, 4, 0], origin: [1, 2, 0], step: [0, 0, 2] });
  });

  it('of several files are those of the one on screen, by their places in the list', () => {
    const stack = framed([5, 5], enhanced([0, 1, 2, 3, 4]), 7);
    expect(stack).toMatchObject({ order: [5, 6, 7, 8, 9] });
  });

  it("take their own orientation before the shared one, and each frame's counts", () => {
    const turned = [0, 1, 0, 0, 0, -1];
    const raw = {
      SharedFunctionalGroupsSequence: [orientation(AXIAL)],
      PerFrameFunctionalGroupsSequence: [0, 1, 2, 3, 4].map((at) =>
        group([at, 0, 0], at === 3 ? orientation(turned) : {}),
      ),
    };
    expect(framed([5], raw)).toMatch(/not all face the same way/);
  });

  it.each([
    ['no tables', {}, /does not say where each lies/],
    [
      'one place for all of them',
      { ImagePositionPatient: [0, 0, 0], ImageOrientationPatient: AXIAL },
      /does not say/,
    ],
    ['tables for some', enhanced([0, 1, 2, 3]), /places 4 frames and holds 6/],
    ['a gap', enhanced([0, 1, 2, 4, 5, 6]), /1 slice is missing/],
    ['phases', enhanced([0, 1, 2, 0, 1, 2]), /in the same place/],
    [
      'a frame without a place',
      {
        ...enhanced([0, 1, 2, 3, 4]),
        PerFrameFunctionalGroupsSequence: [{}, ...[1, 2, 3, 4, 5].map((z) => group([0, 0, z]))],
      },
      /1 of 6 slices do not say/,
    ],
  ])('with %s are refused in words', (_, raw, reason) => {
    expect(framed([6], raw)).toMatch(reason);
  });

  it('are not mixed with files of one image', () => {
    expect(framed([1, 6], {}, 0)).toMatch(/mixes files/);
  });
});

describe('planes of a dose', () => {
  const dose = (offsets: readonly number[], change: Raw = {}): Raw => ({
    ImagePositionPatient: [1, 2, 30],
    ImageOrientationPatient: AXIAL,
    GridFrameOffsetVector: offsets,
    ...change,
  });

  it('lie so far from the first along its normal, or at so many millimetres of height', () => {
    const places = (raw: Raw) => {
      const found = placesOf(raw, 3);
      return typeof found === 'string' ? found : found.map(({ position }) => position?.[2]);
    };
    expect(places(dose([0, 3, 6]))).toEqual([30, 33, 36]);
    expect(places(dose([0, -3, -6]))).toEqual([30, 27, 24]);
    expect(places(dose([30, 33, 36]))).toEqual([30, 33, 36]);
    expect(places(dose([5, 8, 11]))).toMatch(/does not say/);
  });
});
