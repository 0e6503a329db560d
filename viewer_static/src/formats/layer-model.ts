/** A layer over pictures: its parts, and which of its masks and contours lie on none of them. Pure. */
import type { SliceFacts } from '../facts.ts';
import type { Plane } from '../figures/plane.ts';
import { depth } from '../geometry.ts';
import type { SeriesModel } from '../series.ts';
import type { Colour, Contents, MaskFrame } from './contents.ts';
import { outlineOf, placeOf, type Slot } from './place.ts';

/** For parts that name no colour. */
const COLOURS: readonly Colour[] = [
  [255, 99, 71],
  [64, 200, 255],
  [120, 220, 90],
  [255, 200, 60],
  [210, 130, 255],
  [255, 140, 200],
];

const GRAPHICS: Colour = [255, 230, 80];

export interface Part {
  readonly key: string;
  readonly label: string;
  readonly colour: Colour;
  isShown: boolean;
}

export interface Layer {
  readonly name: string;
  readonly contents: Contents;
  readonly parts: ReadonlyMap<string, Part>;
}

export function partsOf({ segmentation, structures }: Contents): ReadonlyMap<string, Part> {
  const found = [
    ...(segmentation?.segments ?? []).map(({ number, ...rest }) => ({ ...rest, key: `${number}` })),
    ...(structures?.regions ?? []).map(({ number, ...rest }) => ({ ...rest, key: number })),
  ];
  return new Map(
    found.map(({ key, label, colour }, index) => [
      key,
      {
        key,
        label: label || `Part ${key}`,
        colour: colour ?? (COLOURS[index % COLOURS.length] as Colour),
        isShown: true,
      },
    ]),
  );
}

/** Overlay planes as a layer of their own; `frames` grows as images come. */
export function graphicsOf({ rows, columns }: SliceFacts, frames: readonly MaskFrame[]): Layer {
  const part = { number: 1, label: 'Overlay plane', kind: '', by: '', colour: GRAPHICS };
  const contents: Contents = {
    sop_uid: '',
    class_name: '',
    kind: 'segmentation',
    facts: [],
    references: [],
    segmentation: {
      type: 'BINARY',
      rows,
      columns,
      frame_of_reference: '',
      segments: [part],
      frames,
      too_large: false,
    },
  };
  return { name: 'Graphics of the file', contents, parts: partsOf(contents) };
}

/** What could not be laid over any image of the series. */
export function complaintsOf({ contents }: Layer, slots: readonly Slot[]): string[] {
  const { segmentation, structures } = contents;
  const masks = segmentation?.frames ?? [];
  const contours = (structures?.regions ?? []).flatMap((region) =>
    region.contours.map((contour) => ({ contour, frame: region.frame_of_reference })),
  );
  const isLost = (frame: MaskFrame) =>
    segmentation !== undefined && !slots.some((slot) => placeOf(frame, segmentation, slot));
  const lost =
    masks.filter(isLost).length +
    contours.filter(({ contour, frame }) => !slots.some((slot) => outlineOf(contour, frame, slot)))
      .length;
  const all = masks.length + contours.length;
  if (all === 0) return ['Nothing is drawn in it.'];
  if (lost === 0) return [];
  const what = masks.length > 0 ? 'masks' : 'contours';
  return [`${lost} of ${all} ${what} lie on no image of this series and are not shown.`];
}

/** The same plane through another point, as the list tells it. */
export function moved(plane: Plane | null, position: readonly number[] | null): Plane | null {
  if (plane === null || position?.length !== 3) return null;
  return { ...plane, origin: position as unknown as Plane['origin'] };
}

/** Between neighbouring slices in mm, the smallest; 0 when unknown. */
export function gapOf({ slices }: SeriesModel): number {
  const depths = slices
    .map(({ instance }) => depth(instance.position, instance.orientation))
    .filter((value) => value !== null)
    .sort((one, other) => one - other);
  const gaps = depths.slice(1).map((value, index) => value - (depths[index] as number));
  const real = gaps.filter((value) => value > 0.01);
  return real.length === 0 ? 0 : Math.min(...real);
}
