/** Window by region: the library takes places on the screen for pixels, so the values are read here. */
import { getEnabledElement, type Types } from '@cornerstonejs/core';
import { WindowLevelRegionTool } from '@cornerstonejs/tools';
import { pixelOf } from '../figures/plane.ts';
import { polygon } from '../figures/shape.ts';
import { PIXELS } from '../figures/spacing.ts';
import { statistics } from '../figures/values.ts';
import type { Vector } from '../geometry.ts';
import { setWindow } from './camera.ts';
import { pictureOf } from './marks.ts';
import { planeAt } from './plane-at.ts';

interface Drawn {
  readonly metadata: { readonly referencedImageId?: string };
  readonly data: { readonly handles: { readonly points: readonly Vector[] } };
}

/** From the darkest to the brightest value inside. */
function apply({ metadata, data }: Drawn, element: HTMLDivElement): void {
  const imageId = metadata.referencedImageId ?? '';
  const picture = pictureOf(imageId);
  const enabled = getEnabledElement(element);
  if (picture === null || enabled === undefined) return;
  const plane = planeAt(imageId);
  const [a, b, c, d] = data.handles.points.map((point) => pixelOf(plane, point));
  if (a === undefined || b === undefined || c === undefined || d === undefined) return;
  const found = statistics(picture, polygon(PIXELS, [a, b, d, c]));
  if (found === null) return;
  const width = Math.max(1, found.max - found.min);
  setWindow(enabled.viewport as Types.IStackViewport, width, (found.max + found.min) / 2);
}

export class RegionWindowTool extends WindowLevelRegionTool {
  static override readonly toolName = 'RegionWindow';

  constructor(...settings: ConstructorParameters<typeof WindowLevelRegionTool>) {
    super(...settings);
    this.applyWindowLevelRegion = apply as never;
  }
}
