/** Mouse, wheel, fingers and keys on a slide, as movements of its view. */

export interface Moves {
  /** Pixels of the window by which the view moves. */
  pan(right: number, down: number): void;
  /** About a point of the window. */
  zoom(factor: number, left: number, top: number): void;
  /** By shares of a grey window's width. */
  window(wider: number, brighter: number): void;
  fit(): void;
}

/** One notch of a mouse wheel is about 100. */
const NOTCH = 100;
const PER_NOTCH = 1.25;
const KEY_STEP = 0.15;
const SECONDARY = 2;

export class Hands {
  private readonly fingers = new Map<number, PointerEvent>();

  constructor(
    private readonly node: HTMLElement,
    private readonly moves: Moves,
  ) {
    node.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    node.addEventListener('pointerdown', (event) => this.down(event));
    node.addEventListener('pointermove', (event) => this.move(event));
    for (const end of ['pointerup', 'pointercancel'] as const)
      node.addEventListener(end, (event) => this.fingers.delete(event.pointerId));
    node.addEventListener('dblclick', (event) => this.about(event, 2));
  }

  /** True when the key means something here. */
  key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const { clientWidth: width, clientHeight: height } = this.node;
    const [right, down] = DIRECTIONS[event.key] ?? [0, 0];
    if (right !== 0 || down !== 0) {
      this.moves.pan(right * width * KEY_STEP * ratio(), down * height * KEY_STEP * ratio());
    } else if (event.key === 'Home') this.moves.fit();
    else return false;
    event.preventDefault();
    return true;
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? NOTCH / 3 : 1;
    this.about(event, PER_NOTCH ** ((-event.deltaY * lines) / NOTCH));
  }

  private about(event: MouseEvent, factor: number): void {
    const box = this.node.getBoundingClientRect();
    const left = (event.clientX - box.left) * ratio();
    const top = (event.clientY - box.top) * ratio();
    this.moves.zoom(factor, left, top);
  }

  private down(event: PointerEvent): void {
    this.node.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
  }

  private move(event: PointerEvent): void {
    const before = this.fingers.get(event.pointerId);
    if (before === undefined) return;
    this.fingers.set(event.pointerId, event);
    const right = event.clientX - before.clientX;
    const down = event.clientY - before.clientY;
    const other = [...this.fingers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    if (other !== undefined) this.pinch(before, event, other);
    else if ((event.buttons & SECONDARY) !== 0)
      this.moves.window(right / this.node.clientWidth, down / this.node.clientHeight);
    else this.moves.pan(-right * ratio(), -down * ratio());
  }

  private pinch(before: PointerEvent, now: PointerEvent, other: PointerEvent): void {
    const apart = (finger: PointerEvent) =>
      Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
    if (apart(before) > 0) this.about(other, apart(now) / apart(before));
  }
}

const ratio = (): number => window.devicePixelRatio || 1;

const DIRECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
