/** What the library knows of an image, for those who draw it and those who draw on it. */
import { getShouldUseCPURendering, metaData } from '@cornerstonejs/core';
import { type Plane, planeOf, worldOf } from '../figures/plane.ts';
import { cosines } from '../geometry.ts';

/** Without a graphics card the library measures from the corner of the first pixel, not from its centre. */
export function planeAt(imageId: string): Plane {
  const plane = planeOf(metaData.get('imagePlaneModule', imageId) ?? {});
  return getShouldUseCPURendering() ? { ...plane, origin: worldOf(plane, [0.5, 0.5]) } : plane;
}

/** Where the image itself says that it lies; null when it does not. */
export function lieOf(imageId: string): Plane | null {
  const module = metaData.get('imagePlaneModule', imageId) ?? {};
  const { imagePositionPatient: position, imageOrientationPatient: orientation } = module;
  const isTold = Array.isArray(position) && position.length === 3 && cosines(orientation) !== null;
  return isTold && Number(module.columnPixelSpacing) > 0 ? planeOf(module) : null;
}

export function rawOf(imageId: string): Record<string, unknown> {
  return metaData.get('instance', imageId) ?? {};
}
