/** The rail beside the picture: where the reader is, and the state of every slice at a glance. */
import { el } from './dom.ts';
import type { SeriesModel, SliceState } from './series.ts';

const COLOURS: Readonly<Record<SliceState, string>> = {
  absent: '#161c22',
  loading: '#5c5030',
  ready: '#2f5d50',
  failed: '#d9635f',
};

/** Five times a second tells as much as every frame, and leaves the time to the pictures. */
const PAINT_MS = 200;

export class Rail {
  readonly node: HTMLElement;
  private readonly canvas = el('canvas', { 'aria-hidden': 'true' });
  private readonly thumb = el('div', { class: 'rail-thumb' });
  private readonly observer = new ResizeObserver(() => this.paint());
  private model: SeriesModel | null = null;
  private painting = 0;

  constructor(private readonly go: (index: number) => void) {
    this.node = el(
      'div',
      {
        class: 'rail',
        role: 'slider',
        tabindex: '0',
        'aria-label': 'Slice',
        'aria-orientation': 'vertical',
      },
      this.canvas,
      this.thumb,
    );
    this.node.hidden = true;
    this.node.addEventListener('pointerdown', (event) => this.grabbed(event));
    this.node.addEventListener('pointermove', (event) => this.moved(event));
    this.observer.observe(this.node);
  }

  open(model: SeriesModel): void {
    this.model = model;
    model.addEventListener('change', () => this.refresh());
    this.node.hidden = model.slices.length < 2;
    this.node.setAttribute('aria-valuemin', '1');
    this.node.setAttribute('aria-valuemax', String(model.slices.length));
    this.at(0);
    this.refresh();
  }

  at(index: number): void {
    const count = this.model?.slices.length ?? 1;
    this.node.setAttribute('aria-valuenow', String(index + 1));
    // As high as the rail, and moved: a place would have the whole page laid out for each slice.
    this.thumb.style.transform = `translateY(${((index + 0.5) / count) * 100}%)`;
  }

  /** Many slices change in a moment; the rail is painted once. */
  private refresh(): void {
    if (this.painting !== 0) return;
    this.painting = window.setTimeout(() => {
      this.painting = 0;
      this.paint();
    }, PAINT_MS);
  }

  private paint(): void {
    const model = this.model;
    const context = this.canvas.getContext('2d');
    if (model === null || context === null) return;
    const height = Math.max(1, Math.round(this.node.clientHeight * devicePixelRatio));
    // Setting a size, even the same, throws the canvas away.
    if (this.canvas.height !== height) this.canvas.height = height;
    if (this.canvas.width !== 8) this.canvas.width = 8;
    const step = height / model.slices.length;
    for (const { index } of model.slices) {
      context.fillStyle = COLOURS[model.state(index)];
      context.fillRect(0, index * step, 8, Math.max(1, Math.ceil(step)));
    }
  }

  private grabbed(event: PointerEvent): void {
    this.node.setPointerCapture(event.pointerId);
    this.pointed(event);
  }

  private moved(event: PointerEvent): void {
    if (this.node.hasPointerCapture(event.pointerId)) this.pointed(event);
  }

  private pointed(event: PointerEvent): void {
    const count = this.model?.slices.length ?? 0;
    const box = this.node.getBoundingClientRect();
    const share = (event.clientY - box.top) / box.height;
    const index = Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    if (Number(this.node.getAttribute('aria-valuenow')) !== index + 1) this.go(index);
  }
}
