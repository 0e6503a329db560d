/** Turning by the hand, by the angle it goes on the screen: the library's own runs away without a graphics card. */
import { getEnabledElement, type Types } from '@cornerstonejs/core';
import { PlanarRotateTool, type Types as ToolTypes } from '@cornerstonejs/tools';
import { turn } from './camera.ts';

export class TurnTool extends PlanarRotateTool {
  static override toolName = 'Turn';

  override _dragCallback({ detail }: ToolTypes.EventTypes.InteractionEventType): void {
    const { element, lastPoints, currentPoints } = detail;
    const viewport = getEnabledElement(element)?.viewport as Types.IStackViewport;
    turn(viewport, directionOf(element, currentPoints) - directionOf(element, lastPoints));
  }
}

/** From the middle of the element, in degrees, clockwise. */
function directionOf(element: HTMLElement, { canvas: [x, y] }: ToolTypes.IPoints): number {
  const { clientWidth, clientHeight } = element;
  return (Math.atan2(y - clientHeight / 2, x - clientWidth / 2) * 180) / Math.PI;
}
