/** Drags that the page itself understands: through the slices, or to a place for the crosshair. */
import type { ToolId } from './toolkit.ts';

export interface HandActions {
  tool(): ToolId;
  step(by: number): void;
  /** A place on the picture, in pixels of its element. */
  point(x: number, y: number): void;
  /** Pixels of the screen for one slice. */
  stride(): number;
}

export class Hand {
  private readonly fingers = new Set<number>();
  private last = 0;

  constructor(
    private readonly node: HTMLElement,
    private readonly actions: HandActions,
  ) {
    node.addEventListener('pointerdown', (event) => this.down(event));
    node.addEventListener('pointermove', (event) => this.moved(event));
    for (const end of ['pointerup', 'pointercancel'] as const)
      window.addEventListener(end, (event) => this.fingers.delete(event.pointerId));
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.fingers.add(event.pointerId);
    this.last = event.clientY;
    this.pointed(event);
  }

  private moved(event: PointerEvent): void {
    // Two fingers zoom and pan, which the library does.
    if (!this.fingers.has(event.pointerId) || this.fingers.size !== 1) return;
    this.pointed(event);
    if (this.actions.tool() !== 'scroll') return;
    const steps = Math.trunc((event.clientY - this.last) / this.actions.stride());
    if (steps === 0) return;
    this.last += steps * this.actions.stride();
    this.actions.step(steps);
  }

  private pointed(event: PointerEvent): void {
    if (this.actions.tool() !== 'cross') return;
    const box = this.node.getBoundingClientRect();
    this.actions.point(event.clientX - box.left, event.clientY - box.top);
  }
}
