/** What of a layer lies in the patient, as piles that any plane can be cut through; by position only. Pure. */
import { cosines, dot, type Vector } from '../geometry.ts';
import type { Sheet } from '../volume-sheets.ts';
import { plus } from '../volume-stack.ts';
import type { Contents, MaskFrame } from './contents.ts';
import { contoursOf } from './contour-piles.ts';
import {
  type Axes,
  type Ground,
  gapOf,
  type Lost,
  normalOf,
  piled,
  type Stock,
  unit,
} from './pile-model.ts';

export interface Stocked {
  readonly stocks: readonly Stock[];
  readonly lost: Lost;
  readonly total: number;
}

export function stockedOf({ segmentation, structures }: Contents, ground: Ground): Stocked {
  const lost = { elsewhere: 0, placeless: 0, bent: 0 };
  const masks = segmentation?.frames ?? [];
  const regions = structures?.regions ?? [];
  const isHere = segmentation?.frame_of_reference === ground.frameOfReference;
  const stocks = [
    ...masksOf(masks, isHere && ground.frameOfReference !== '', ground, lost),
    ...regions.flatMap((region) => contoursOf(region, ground, lost)),
  ];
  const total = regions.reduce((sum, { contours }) => sum + contours.length, masks.length);
  return { stocks, lost, total };
}

export function wordsOf({ lost, total }: Stocked): string[] {
  const { elsewhere, placeless, bent } = lost;
  const told = (count: number, why: string) => (count === 0 ? [] : [`${count} of ${total} ${why}`]);
  return [
    ...told(elsewhere, 'are in another frame of reference than the planes and are not drawn.'),
    ...told(placeless, 'have no place in the patient: they are shown on the slices only.'),
    ...told(bent, 'contours are not flat and are not drawn on planes.'),
  ];
}

function masksOf(
  frames: readonly MaskFrame[],
  isHere: boolean,
  ground: Ground,
  lost: Lost,
): Stock[] {
  const groups = new Map<string, { key: string; axes: Axes; sheets: Sheet[] }>();
  for (const frame of frames) {
    const axes = axesOf(frame);
    if (axes === null) lost.placeless += 1;
    else if (!isHere) lost.elsewhere += 1;
    else {
      const name = `${frame.segment} ${written(axes)}`;
      const group = groups.get(name) ?? { key: `${frame.segment}`, axes, sheets: [] };
      groups.set(name, group);
      group.sheets.push(sheetOf(frame, axes));
    }
  }
  const all = [...groups.values()];
  const gap = Math.min(...all.map(({ sheets }) => gapOf(sheets)));
  return all.map(({ key, axes, sheets }) => ({
    key,
    pile: piled(axes, sheets, gap, ground, false),
    contours: [],
  }));
}

function axesOf({ position, orientation, spacing }: MaskFrame): Axes | null {
  const found = cosines(orientation);
  const [down = 0, across = 0] = spacing ?? [];
  if (found === null || position?.length !== 3 || !(down > 0 && across > 0)) return null;
  return { ...straight(found), across, down };
}

/** At right angles to the last digit: files round. */
function straight([along, downwards]: readonly [Vector, Vector]): Pick<Axes, 'row' | 'column'> {
  const row = unit(along);
  return { row, column: unit(plus(downwards, row, -dot(downwards, row))) };
}

const written = ({ row, column, across, down }: Axes): string =>
  [...row, ...column, across, down].map((value) => value.toFixed(4)).join(' ');

function sheetOf(frame: MaskFrame, axes: Axes): Sheet {
  const { row, column, across, down } = axes;
  const [left, top, width, height] = frame.box;
  const at = frame.position as unknown as Vector;
  return {
    depth: dot(at, normalOf(axes)),
    left: dot(at, row) + left * across,
    top: dot(at, column) + top * down,
    width,
    height,
    ink: { bits: frame.bits, mask: frame.mask },
  };
}
