import { describe, expect, it } from 'vitest';
import { factsOf, sidesOf, type View } from './facts.ts';

const axial = [1, 0, 0, 0, 1, 0];
const upright: View = { width: 1, centre: 0, inverted: false, right: [1, 0], down: [0, 1] };
const sides = (raw: Record<string, unknown>, view = upright) => sidesOf(factsOf(raw), view);

describe('orientation', () => {
  it('names the sides of an axial slice as radiologists see it', () => {
    expect(sides({ ImageOrientationPatient: axial })).toEqual({
      left: 'R',
      right: 'L',
      top: 'A',
      bottom: 'P',
    });
  });

  it('names the sides of sagittal and coronal slices', () => {
    expect(sides({ ImageOrientationPatient: [0, 1, 0, 0, 0, -1] })).toMatchObject({
      left: 'A',
      top: 'H',
    });
    expect(sides({ ImageOrientationPatient: [1, 0, 0, 0, 0, -1] })).toMatchObject({
      left: 'R',
      bottom: 'F',
    });
  });

  it('gives oblique slices two letters, the stronger first', () => {
    const tilt = Math.PI / 6;
    const orientation = [1, 0, 0, 0, Math.cos(tilt), -Math.sin(tilt)];
    expect(sides({ ImageOrientationPatient: orientation })).toMatchObject({
      top: 'AH',
      bottom: 'PF',
    });
  });

  it('follows the picture when it is mirrored or turned', () => {
    const mirrored: View = { ...upright, right: [-1, 0] };
    expect(sides({ ImageOrientationPatient: axial }, mirrored)).toMatchObject({
      left: 'L',
      right: 'R',
      top: 'A',
    });
    const turned: View = { ...upright, right: [0, -1], down: [1, 0] };
    expect(sides({ ImageOrientationPatient: axial }, turned)).toEqual({
      left: 'P',
      right: 'A',
      top: 'R',
      bottom: 'L',
    });
  });

  it('takes the letters of images that have nothing else, such as mammograms', () => {
    const breast = { PatientOrientation: ['A', 'FR'] };
    expect(sides(breast)).toEqual({ left: 'P', right: 'A', top: 'HL', bottom: 'FR' });
    const mirrored: View = { ...upright, right: [-1, 0] };
    expect(sides(breast, mirrored)).toMatchObject({ left: 'A', right: 'P', top: 'HL' });
  });

  it('says nothing when the orientation is unknown or nonsense', () => {
    const none = { left: '', right: '', top: '', bottom: '' };
    for (const unknown of [
      undefined,
      [],
      [1, 0, 0],
      [0, 0, 0, 0, 0, 0],
      [1, 0, 0, 1, 0, 0],
      [Number.NaN, 0, 0, 0, 1, 0],
    ])
      expect(sides({ ImageOrientationPatient: unknown })).toEqual(none);
    expect(sides({ PatientOrientation: ['A'] })).toEqual(none);
    expect(sides({ PatientOrientation: ['X', 'Y'] })).toEqual(none);
  });
});

describe('what stands beside the picture', () => {
  it('names side and view of a projection', () => {
    expect(factsOf({ ImageLaterality: 'R', ViewPosition: 'CC' }).projection).toBe('R CC');
    expect(factsOf({ Laterality: 'L' }).projection).toBe('L');
    expect(factsOf({}).projection).toBe('');
  });

  it('says that a table for display cannot be read, unless there is a window beside it', () => {
    const table = { VOILUTSequence: [{ LUTDescriptor: [2, 0, 8] }] };
    expect(factsOf(table).notes).toHaveLength(1);
    expect(factsOf({ ...table, WindowWidth: 400 }).notes).toEqual([]);
    const whole = { VOILUTSequence: [{ LUTDescriptor: [2, 0, 8], LUTData: [0, 255] }] };
    expect(factsOf(whole)).toMatchObject({ hasTable: true, notes: [], offered: null });
    const named = { ...whole.VOILUTSequence[0], LUTExplanation: 'SOFT' };
    const both = factsOf({ VOILUTSequence: [named], WindowWidth: 400 });
    expect(both).toMatchObject({ hasTable: false, notes: [], offered: 'SOFT' });
  });
});
