/** The magnifier where no graphics card draws: the library's own needs one. */
import { getEnabledElement, type Types } from '@cornerstonejs/core';
import { cursors, MagnifyTool, type Types as ToolTypes } from '@cornerstonejs/tools';
import type { Point } from '../figures/plane.ts';
import { drawLarger } from './by-processor.ts';

const SIDE = 250;
const LARGER = 3;
/** Above a finger, which would lie on it. */
const ABOVE = 40;

type Heard = ToolTypes.EventTypes.InteractionEventType;
type Drawn = (event: Heard) => void;

/** What the library keeps while its magnifier is on screen. */
interface Held {
  readonly editData: {
    readonly enabledElement: Types.IEnabledElement;
    readonly currentPoints: ToolTypes.IPoints;
    readonly isTouch: boolean;
  };
  _createMagnificationViewport: () => void;
  _dragCallback: Drawn;
  _dragEndCallback: Drawn;
  _deactivateDraw: (element: HTMLElement) => void;
}

export class LensTool extends MagnifyTool {
  static override toolName = 'Lens';
  private readonly lens = document.createElement('canvas');

  constructor(...settings: ConstructorParameters<typeof MagnifyTool>) {
    super(...settings);
    this.lens.className = 'magnifyTool lens';
    const held = this as unknown as Held;
    held._createMagnificationViewport = () => {
      const { enabledElement, currentPoints } = held.editData;
      this.look(enabledElement.viewport as Types.IStackViewport, currentPoints.canvas as Point);
    };
    held._dragCallback = ({ detail }) => {
      const { viewport } = getEnabledElement(detail.element) as Types.IEnabledElement;
      this.look(viewport as Types.IStackViewport, detail.currentPoints.canvas as Point);
    };
    held._dragEndCallback = () => {
      const { element } = held.editData.enabledElement.viewport;
      this.lens.remove();
      held._deactivateDraw(element);
      cursors.elementCursor.resetElementCursor(element);
    };
  }

  private look(viewport: Types.IStackViewport, [x, y]: Point): void {
    const { lens } = this;
    const { element } = viewport;
    const above = (this as unknown as Held).editData.isTouch ? SIDE / 2 + ABOVE : 0;
    lens.width = lens.height = Math.round(SIDE * devicePixelRatio);
    lens.style.left = `${x - SIDE / 2}px`;
    lens.style.top = `${Math.max(0, y - SIDE / 2 - above)}px`;
    if (lens.parentElement === null) element.querySelector('.viewport-element')?.append(lens);
    const ink = lens.getContext('2d', { alpha: false });
    if (ink === null) return;
    ink.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ink.translate(SIDE / 2, SIDE / 2);
    ink.scale(LARGER, LARGER);
    ink.translate(-x, -y);
    drawLarger(viewport, ink);
  }
}
