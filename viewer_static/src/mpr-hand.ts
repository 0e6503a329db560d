/** The mouse on a reconstructed plane: as on the slices, the left button does what is chosen. */
import type { Point } from './figures/plane.ts';
import { isDrawn, type PlaneKind } from './mpr-marks.ts';
import type { ToolId } from './toolkit.ts';
import { Wheel } from './wheel.ts';

/** Places are in pixels of the view's element. */
export interface HandActions {
  tool(): ToolId;
  step(by: number): void;
  point(at: Point): void;
  /** Whether the other planes can be turned by what is there. */
  isGrip(at: Point): boolean;
  rotate(from: Point, to: Point): void;
  hover(at: Point): void;
  leave(): void;
  pan(right: number, down: number): void;
  zoom(factor: number): void;
  rewindow(wider: number, higher: number): void;
  enlarge(): void;
  /** The first point of a figure, or the last one of one that was begun. */
  press(kind: PlaneKind, at: Point): void;
  draw(at: Point): void;
  release(): void;
  /** The tool is for slices only. */
  refused(): void;
}

type Drag = 'cross' | 'turn' | 'window' | 'pan' | 'zoom' | 'scroll' | 'draw';
const DRAGS = new Set<string>(['cross', 'turn', 'window', 'pan', 'zoom', 'scroll']);
const STRIDE = 6;

export class MprHand {
  private drag: Drag | null = null;
  private last: Point = [0, 0];
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
      node.addEventListener(end, () => this.ended());
    node.addEventListener('pointerleave', () => actions.leave());
    node.addEventListener('dblclick', () => actions.enlarge());
  }

  private down(event: PointerEvent): void {
    const at = this.here(event);
    this.drag = this.chosen(event.button, at);
    this.last = at;
    this.rest = 0;
    if (this.drag === null) return;
    this.node.setPointerCapture(event.pointerId);
    if (this.drag === 'cross') this.actions.point(at);
    if (this.drag === 'draw') this.actions.press(this.actions.tool() as PlaneKind, at);
  }

  private chosen(mouseButton: number, at: Point): Drag | null {
    if (mouseButton === 1) return 'pan';
    if (mouseButton === 2) return 'zoom';
    const tool = this.actions.tool();
    if (isDrawn(tool)) return 'draw';
    if (tool === 'cross' && this.actions.isGrip(at)) return 'turn';
    if (DRAGS.has(tool)) return tool as Drag;
    this.actions.refused();
    return null;
  }

  private moved(event: PointerEvent): void {
    const at = this.here(event);
    const { last, actions } = this;
    const isOver = actions.tool() === 'turn' || (actions.tool() === 'cross' && actions.isGrip(at));
    this.node.classList.toggle('grip', this.drag === 'turn' || (this.drag === null && isOver));
    actions.hover(at);
    actions.draw(at);
    this.last = at;
    if (this.drag !== null) this.dragged(last, at);
  }

  private dragged(last: Point, at: Point): void {
    const { drag, actions } = this;
    const [right, down] = [at[0] - last[0], at[1] - last[1]];
    if (drag === 'cross') actions.point(at);
    else if (drag === 'turn') actions.rotate(last, at);
    else if (drag === 'window') actions.rewindow(right, down);
    else if (drag === 'pan') actions.pan(right, down);
    else if (drag === 'zoom') actions.zoom(1.005 ** -down);
    else if (drag === 'scroll') this.scrolled(down);
  }

  private scrolled(down: number): void {
    this.rest += down;
    const steps = Math.trunc(this.rest / STRIDE);
    if (steps === 0) return;
    this.rest -= steps * STRIDE;
    this.actions.step(steps);
  }

  private ended(): void {
    if (this.drag === 'draw') this.actions.release();
    this.drag = null;
  }

  private here(event: PointerEvent): Point {
    const box = this.node.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}
