/** A figure and the image it lies on. Pure. */
import type { Figure, Kind } from './figure.ts';

export interface Mark {
  readonly id: string;
  readonly imageId: string;
  readonly figure: Figure;
}

const POINTS: Readonly<Record<Kind, number>> = {
  length: 2,
  bidirectional: 4,
  angle: 3,
  cobb: 4,
  ellipse: 4,
  rectangle: 4,
  freehand: 3,
  probe: 1,
  arrow: 2,
  text: 1,
};

export const NAMES: Readonly<Record<Kind, string>> = {
  length: 'Length',
  bidirectional: 'Axes',
  angle: 'Angle',
  cobb: 'Cobb angle',
  ellipse: 'Ellipse',
  rectangle: 'Rectangle',
  freehand: 'Freehand',
  probe: 'Probe',
  arrow: 'Arrow',
  text: 'Text',
};

/** A figure still being drawn has fewer points. */
export function isWhole({ figure }: Mark): boolean {
  return figure.points.length >= POINTS[figure.kind];
}

const isPoint = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);

/** What was kept elsewhere and may have been written by anybody. */
export function isMark(value: unknown): value is Mark {
  const { id, imageId, figure } = (value ?? {}) as Partial<Mark>;
  if (typeof id !== 'string' || !/^vdcm:[0-9a-f-]{44}(\?frame=\d+)?$/.test(String(imageId)))
    return false;
  const { kind, points, label } = (figure ?? {}) as Partial<Figure>;
  if (kind === undefined || !(kind in POINTS) || typeof label !== 'string') return false;
  return Array.isArray(points) && points.length >= POINTS[kind] && points.every(isPoint);
}

/** "Slice 4 · Axial": where a figure lies, in a list. */
export function displayName(index: number, series: string): string {
  return [`Slice ${index + 1}`, series].filter((part) => part !== '').join(' · ');
}
