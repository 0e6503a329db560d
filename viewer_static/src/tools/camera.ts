/** Window, zoom, pan, turn and mirror of one viewport. */
import { type Types, utilities } from '@cornerstonejs/core';
import type { View } from '../facts.ts';
import { type Point, pixelOf } from '../figures/plane.ts';
import { planeAt } from './plane-at.ts';

type Viewport = Types.IStackViewport;

/** Everything a reader can do to a picture without changing it. */
export interface Look {
  readonly presentation: Types.ViewPresentation;
  readonly lower: number;
  readonly upper: number;
  readonly inverted: boolean;
}

const STEP = 100;

export function viewOf(viewport: Viewport, imageId: string): View {
  const properties = viewport.getProperties();
  const { lower, upper } = properties.voiRange ?? { lower: 0, upper: 0 };
  const { windowWidth, windowCenter } = utilities.windowLevel.toWindowLevel(lower, upper);
  const plane = planeAt(imageId);
  const pixel = (canvas: Types.Point2) => pixelOf(plane, viewport.canvasToWorld(canvas));
  const origin = pixel([0, 0]);
  const per = ([x, y]: Point): Point => [(x - origin[0]) / STEP, (y - origin[1]) / STEP];
  return {
    width: windowWidth,
    centre: windowCenter,
    inverted: properties.invert ?? false,
    right: per(pixel([STEP, 0])),
    down: per(pixel([0, STEP])),
  };
}

export function setWindow(viewport: Viewport, width: number, centre: number): void {
  const voiRange = utilities.windowLevel.toLowHighRange(width, centre);
  viewport.setProperties({ voiRange });
  viewport.render();
}

export function setInverted(viewport: Viewport, inverted: boolean): void {
  viewport.setProperties({ invert: inverted });
  viewport.render();
}

export function zoomBy(viewport: Viewport, factor: number): void {
  viewport.setZoom(viewport.getZoom() * factor);
  viewport.render();
}

/** Clockwise on the screen. */
export function turn(viewport: Viewport, degrees: number): void {
  const { rotation = 0 } = viewport.getViewPresentation();
  viewport.setViewPresentation({ rotation: (rotation + degrees + 360) % 360 });
  viewport.render();
}

/** On the screen: left to right, or top to bottom. */
export function mirror(viewport: Viewport, axis: 'horizontal' | 'vertical'): void {
  const { flipHorizontal = false, flipVertical = false } = viewport.getCamera();
  viewport.setCamera(
    axis === 'horizontal' ? { flipHorizontal: !flipHorizontal } : { flipVertical: !flipVertical },
  );
  viewport.render();
}

export function reset(viewport: Viewport): void {
  const { flipHorizontal, flipVertical } = viewport.getCamera();
  if (flipHorizontal) viewport.setCamera({ flipHorizontal: false });
  if (flipVertical) viewport.setCamera({ flipVertical: false });
  viewport.setViewPresentation({ rotation: 0 });
  viewport.resetCamera();
  viewport.resetProperties();
  viewport.render();
}

export function lookOf(viewport: Viewport): Look {
  const { voiRange, invert = false } = viewport.getProperties();
  const { lower = 0, upper = 0 } = voiRange ?? {};
  return { presentation: viewport.getViewPresentation(), lower, upper, inverted: invert };
}

export function isTurned(viewport: Viewport): boolean {
  const { presentation, inverted } = lookOf(viewport);
  const { rotation = 0, flipHorizontal = false, flipVertical = false } = presentation;
  return inverted || rotation !== 0 || flipHorizontal || flipVertical;
}

export function setLook(viewport: Viewport, look: Look): void {
  viewport.setViewPresentation(look.presentation);
  const { lower, upper, inverted } = look;
  viewport.setProperties({ voiRange: { lower, upper }, invert: inverted });
  viewport.render();
}
