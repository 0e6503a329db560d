/** A list of any length of which only the rows in sight exist. */
import { el } from '../dom.ts';
import { type Row, windowOf } from './rows.ts';

export interface RowView {
  readonly node: HTMLElement;
  show(row: Row, now: number): void;
}

/** In letters' height, as in upload.css. */
const ROW_EM = 2;
const TALL_EM = 4.6;

export class FileList {
  readonly node: HTMLElement;
  private readonly canvas = el('div', { class: 'files-canvas' });
  private readonly pool: RowView[] = [];
  private rows: readonly Row[] = [];
  private letter = 0;
  private rowHeight = 0;
  private now = 0;

  constructor(private readonly create: () => RowView) {
    this.node = el('div', { class: 'files', tabindex: '0', role: 'list' }, this.canvas);
    this.node.addEventListener('scroll', () => this.draw());
  }

  /** Tall rows have room for a whole sentence. */
  show(rows: readonly Row[], now: number, tall = false): void {
    this.rows = rows;
    this.now = now;
    this.letter ||= Number.parseFloat(getComputedStyle(this.node).fontSize);
    this.rowHeight = this.letter * (tall ? TALL_EM : ROW_EM);
    this.node.classList.toggle('tall', tall);
    this.canvas.style.height = `${rows.length * this.rowHeight}px`;
    this.draw();
  }

  private draw(): void {
    const { scrollTop, clientHeight } = this.node;
    const { first, last } = windowOf(this.rows.length, this.rowHeight, scrollTop, clientHeight);
    while (this.pool.length < last - first) this.grow();
    for (const [slot, view] of this.pool.entries()) {
      const index =
        first + ((((slot - first) % this.pool.length) + this.pool.length) % this.pool.length);
      const row = index < last ? this.rows[index] : undefined;
      view.node.hidden = row === undefined;
      view.node.style.top = `${index * this.rowHeight}px`;
      if (row !== undefined) view.show(row, this.now);
    }
  }

  private grow(): void {
    const view = this.create();
    this.pool.push(view);
    this.canvas.append(view.node);
  }
}
