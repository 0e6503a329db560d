/** The figures that the readers drew, whatever the library calls them. */
import { cache, eventTarget, metaData } from '@cornerstonejs/core';
import { annotation, Enums, utilities } from '@cornerstonejs/tools';
import { type Figure, type Kind, type Reading, read } from '../figures/figure.ts';
import { isWhole, type Mark } from '../figures/mark.ts';
import { pixelOf, worldOf } from '../figures/plane.ts';
import type { Picture } from '../figures/values.ts';
import type { Vector } from '../geometry.ts';
import { DRAWN } from './drawn.ts';
import { planeAt, rawOf } from './plane-at.ts';

interface Drawn {
  annotationUID?: string;
  metadata: Record<string, unknown>;
  data: {
    label?: string;
    handles: { points: Vector[]; textBox?: unknown; [key: string]: unknown };
    contour?: { polyline: Vector[]; closed: boolean };
    cachedStats: Record<string, unknown>;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

const KINDS = new Map(
  (Object.keys(DRAWN) as Kind[]).map((kind) => [DRAWN[kind].toolName, kind] as const),
);

const { state } = annotation;

/** Null when the picture is no longer decoded. */
export function pictureOf(imageId: string): Picture | null {
  const image = cache.getImage(imageId);
  const values = image?.voxelManager?.getScalarData();
  if (image === undefined || values === undefined) return null;
  const { columns, rows } = image;
  const samples = values.length / (rows * columns);
  return { columns, rows, samples, values: values as unknown as ArrayLike<number> };
}

function pointsOf(drawn: Drawn): Vector[] {
  return drawn.data.contour?.polyline ?? drawn.data.handles.points;
}

function figureOf(drawn: Drawn, kind: Kind, imageId: string): Figure {
  const plane = planeAt(imageId);
  const points = pointsOf(drawn).map((world) => pixelOf(plane, world));
  return { kind, points, label: drawn.data.label ?? '' };
}

function markOf(drawn: Drawn): Mark | null {
  const kind = KINDS.get(String(drawn.metadata.toolName));
  const imageId = String(drawn.metadata.referencedImageId ?? '');
  if (kind === undefined || imageId === '' || drawn.annotationUID === undefined) return null;
  return { id: drawn.annotationUID, imageId, figure: figureOf(drawn, kind, imageId) };
}

const all = (): Drawn[] => state.getAllAnnotations() as unknown as Drawn[];

/** Those that are finished, oldest first. */
export function marks(): Mark[] {
  return all()
    .map(markOf)
    .filter((mark) => mark !== null)
    .filter(isWhole);
}

/** Numbers and words; the pixels count only while the picture is decoded. */
export function readingOf({ imageId, figure }: Mark): Reading {
  return read(figure, rawOf(imageId), pictureOf(imageId));
}

/** The library asks for the words of a figure it draws; it hands over what it knows, not which it is. */
export function wordsOf(data: Drawn['data'], target: string | readonly string[]): string[] {
  const [targetId = ''] = [target].flat();
  const owner = all().find((drawn) => drawn.data === data);
  const kind = KINDS.get(String(owner?.metadata.toolName));
  if (owner === undefined || kind === undefined) return [];
  const imageId = String(targetId).replace(/^imageId:/, '');
  const figure = figureOf(owner, kind, imageId);
  return [...read(figure, rawOf(imageId), pictureOf(imageId)).lines];
}

/** Whether the header of the image was read, which placing a figure takes. */
export function isKnown(imageId: string): boolean {
  return metaData.get('instance', imageId) !== undefined;
}

export function remove(id: string): void {
  state.removeAnnotation(id);
}

/** Puts a mark there, or changes the one that is; the image's header must have been read. */
export function put({ id, imageId, figure }: Mark): void {
  const plane = planeAt(imageId);
  const points = figure.points.map((point) => [...worldOf(plane, point)]);
  if (state.getAnnotation(id) !== undefined) remove(id);
  const isContour = figure.kind === 'freehand';
  const frame = String(metaData.get('imagePlaneModule', imageId)?.frameOfReferenceUID);
  const drawn = {
    annotationUID: id,
    highlighted: false,
    invalidated: true,
    isLocked: false,
    isVisible: true,
    metadata: {
      toolName: DRAWN[figure.kind].toolName,
      referencedImageId: imageId,
      FrameOfReferenceUID: frame,
    },
    data: {
      label: figure.label,
      cachedStats: {},
      handles: { points: isContour ? [] : points, activeHandleIndex: null, arrowFirst: true },
      ...(isContour ? { contour: { polyline: points, closed: true } } : {}),
    },
  };
  state.addAnnotation(drawn as never, frame);
}

/** Draws the figures again on every viewport that may show them. */
export function redraw(viewportIds: readonly string[]): void {
  utilities.triggerAnnotationRenderForViewportIds([...viewportIds]);
}

const { Events } = Enums;

/** Calls back when any mark came, went or moved. */
export function watchMarks(changed: () => void): void {
  for (const event of [
    Events.ANNOTATION_COMPLETED,
    Events.ANNOTATION_MODIFIED,
    Events.ANNOTATION_REMOVED,
    Events.ANNOTATION_ADDED,
  ])
    eventTarget.addEventListener(event, changed);
}

/** The mark under the pointer, or the one last chosen. */
export function highlighted(): Mark | null {
  const drawn = all().find(({ highlighted: above }) => above === true);
  return drawn === undefined ? null : markOf(drawn);
}
