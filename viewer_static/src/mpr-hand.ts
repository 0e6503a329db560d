/** The mouse on a reconstructed plane: as on the slices, the left button does what is chosen. */
import type { ToolId } from './toolkit.ts';
import { Wheel } from './wheel.ts';

export interface HandActions {
  tool(): ToolId;
  step(by: number): void;
  /** A place on the view, in pixels of its element. */
  point(x: number, y: number): void;
  hover(x: number, y: number): void;
  leave(): void;
  pan(right: number, down: number): void;
  zoom(factor: number): void;
  rewindow(wider: number, higher: number): void;
  enlarge(): void;
  /** The tool is for slices only. */
  refused(): void;
}

type Drag = 'cross' | 'window' | 'pan' | 'zoom' | 'scroll';
const DRAGS = new Set<string>(['cross', 'window', 'pan', 'zoom', 'scroll']);
const STRIDE = 6;

export class MprHand {
  private drag: Drag | null = null;
  private last: readonly [number, number] = [0, 0];
  private rest = 0;

  constructor(
    private readonly node: HTMLElement,
    private readonly actions: HandActions,
  ) {
    const wheel = new Wheel((steps) => actions.step(steps));
    node.addEventListener('wheel', (event) => wheel.turned(event, false), { passive: false });
    node.addEventListener('pointerdown', (event) => this.down(event));
    node.addEventListener('pointermove', (event) => this.moved(event));
    for (const end of ['pointerup', 'pointercancel'] as const)
      node.addEventListener(end, () => {
        this.drag = null;
      });
    node.addEventListener('pointerleave', () => actions.leave());
    node.addEventListener('dblclick', () => actions.enlarge());
  }

  private down(event: PointerEvent): void {
    this.drag = this.chosen(event.button);
    this.last = [event.clientX, event.clientY];
    this.rest = 0;
    if (this.drag === null) return;
    this.node.setPointerCapture(event.pointerId);
    if (this.drag === 'cross') this.actions.point(...this.here(event));
  }

  private chosen(mouseButton: number): Drag | null {
    if (mouseButton === 1) return 'pan';
    if (mouseButton === 2) return 'zoom';
    const tool = this.actions.tool();
    if (DRAGS.has(tool)) return tool as Drag;
    this.actions.refused();
    return null;
  }

  private moved(event: PointerEvent): void {
    this.actions.hover(...this.here(event));
    if (this.drag === null) return;
    const [right, down] = [event.clientX - this.last[0], event.clientY - this.last[1]];
    this.last = [event.clientX, event.clientY];
    if (this.drag === 'cross') this.actions.point(...this.here(event));
    else if (this.drag === 'window') this.actions.rewindow(right, down);
    else if (this.drag === 'pan') this.actions.pan(right, down);
    else if (this.drag === 'zoom') this.actions.zoom(1.005 ** -down);
    else this.scrolled(down);
  }

  private scrolled(down: number): void {
    this.rest += down;
    const steps = Math.trunc(this.rest / STRIDE);
    if (steps === 0) return;
    this.rest -= steps * STRIDE;
    this.actions.step(steps);
  }

  private here(event: PointerEvent): [number, number] {
    const box = this.node.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}
