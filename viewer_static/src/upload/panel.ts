/** The panel at the edge: all uploads of this page, or folded into one line of words. */
import './upload.css';
import type { Clock } from '../clock.ts';
import { button, el, say } from '../dom.ts';
import type { Batch } from './batch.ts';
import { BatchView } from './batch-view.ts';
import type { Desk } from './desk.ts';
import type { Inside } from './door.ts';
import { percent, sentence } from './words.ts';

const TICK_MS = 250;

export class Panel {
  readonly node: HTMLElement;
  private readonly list = el('div', { class: 'uploads-list' });
  private readonly pill: HTMLButtonElement;
  private readonly card: HTMLElement;
  private readonly views = new Map<Batch, BatchView>();
  private ticking = false;

  constructor(
    private readonly desk: Desk,
    private readonly deps: Inside,
    private readonly clock: Clock,
  ) {
    const fold = button('–', 'uploads-fold', () => this.open(false));
    fold.setAttribute('aria-label', 'Fold the upload panel');
    const head = el('header', { class: 'uploads-head' }, el('h2', {}, 'Uploads'), fold);
    this.card = el('section', { class: 'uploads-card', 'aria-label': 'Uploads' }, head, this.list);
    this.pill = button('', 'uploads-pill', () => this.open(true));
    this.node = el('aside', { class: 'uploads', hidden: true }, this.card, this.pill);
    this.open(!deps.reading());
    desk.addEventListener('change', () => this.changed());
  }

  open(open: boolean): void {
    this.card.hidden = !open;
    this.pill.hidden = open;
    this.draw();
  }

  /** A reader's picture is not covered by a list of files. */
  turned(): void {
    this.node.classList.toggle('uploads-beside', this.deps.reading());
    if (this.deps.reading()) this.open(false);
  }

  private changed(): void {
    if (this.ticking) return;
    this.ticking = true;
    this.tick();
  }

  /** Four times a second while anything moves: rates, ages and waits are words that change by themselves. */
  private tick(): void {
    this.draw();
    const moving = this.desk.batches.some((batch) => !batch.done && batch.stage !== 'failed');
    this.ticking = moving;
    if (moving) this.clock.after(TICK_MS, () => this.tick());
  }

  private draw(): void {
    const { batches } = this.desk;
    this.node.hidden = batches.length === 0;
    document.body.classList.toggle('with-uploads', batches.length > 0 && !this.card.hidden);
    const now = this.clock.now();
    const rate = this.desk.meter.rate(now);
    if (this.card.hidden) say(this.pill, this.summary(now, rate));
    else this.cards(now, rate);
  }

  private cards(now: number, rate: number): void {
    const { batches } = this.desk;
    for (const [batch, view] of this.views) {
      if (batches.includes(batch)) continue;
      view.node.remove();
      this.views.delete(batch);
    }
    for (const batch of batches) {
      const known = this.views.get(batch);
      const view = known ?? new BatchView(batch, this.desk, this.deps);
      this.views.set(batch, view);
      if (known === undefined) this.list.prepend(view.node);
      view.draw(now, rate);
    }
  }

  private summary(now: number, rate: number): string {
    const open = this.desk.batches.find(({ done }) => !done) ?? this.desk.batches[0];
    if (open === undefined) return '';
    const tally = open.tally();
    if (open.stage !== 'running' || open.done || open.unfinished)
      return sentence(open, tally, now, rate);
    return `Uploading: ${percent(tally.sent, tally.bytes)} % sent, ${percent(tally.inArchive, tally.files)} % stored`;
  }
}
