/** One upload: what it is, how far it is, what it waits for, and its files. */
import { button, el, say, set } from '../dom.ts';
import { grouped, plural } from '../text.ts';
import { Arrivals } from './arrivals.ts';
import type { Batch, Tally } from './batch.ts';
import { showConflict } from './conflict.ts';
import type { Desk } from './desk.ts';
import type { Inside } from './door.ts';
import { FileList } from './file-list.ts';
import { remedy } from './remedy.ts';
import { printReport } from './report.ts';
import { FileRow } from './row-view.ts';
import { type Row, rowsOf } from './rows.ts';
import { saveTable } from './table.ts';
import { bytes, percent, sentence } from './words.ts';

export class BatchView {
  readonly node: HTMLElement;
  private readonly label = el('span', { class: 'label-chip', hidden: true });
  private readonly size = el('span', { class: 'batch-size' });
  private readonly words = el('p', { class: 'batch-words' });
  private readonly notes = el('p', { class: 'batch-notes' });
  private readonly sent = el('div', { class: 'bar-sent' });
  private readonly stored = el('div', { class: 'bar-stored' });
  private readonly bar: HTMLElement;
  private readonly files: FileList;
  private readonly arrivals: Arrivals;
  private readonly toggled = new Set<string>();
  private readonly problems: HTMLButtonElement;
  private readonly everything: HTMLButtonElement;
  private readonly buttons: Readonly<
    Record<'now' | 'choose' | 'open' | 'cancel' | 'retry' | 'print' | 'csv', HTMLButtonElement>
  >;
  private readonly dismiss: HTMLButtonElement;
  private problemsOnly = false;

  constructor(
    private readonly batch: Batch,
    private readonly desk: Desk,
    private readonly deps: Inside,
  ) {
    this.files = new FileList(() => new FileRow(this.rowActions()));
    this.arrivals = new Arrivals(batch, deps);
    this.everything = button('', 'filter', () => this.filter(false));
    this.problems = button('', 'filter', () => this.filter(true));
    this.bar = el(
      'div',
      { class: 'bar', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100' },
      this.sent,
      this.stored,
    );
    this.buttons = this.actions();
    this.dismiss = button('×', 'batch-dismiss', () => desk.dismiss(batch));
    this.dismiss.setAttribute('aria-label', 'Remove from this list');
    const { now, choose, open, cancel, retry, print, csv } = this.buttons;
    const title = el('h3', { title: batch.title }, batch.title);
    this.node = el(
      'article',
      { class: 'batch' },
      el('header', { class: 'batch-head' }, title, this.label, this.size, this.dismiss),
      this.bar,
      this.words,
      this.notes,
      this.arrivals.node,
      el('div', { class: 'batch-acts' }, now, choose, open, retry, print, csv, cancel),
      el(
        'div',
        { class: 'batch-filter', role: 'group', 'aria-label': 'Which files' },
        this.everything,
        this.problems,
      ),
      this.files.node,
    );
  }

  draw(now: number, rate: number): void {
    const { batch } = this;
    const tally = batch.tally();
    say(this.label, batch.label ?? '');
    this.label.hidden = batch.label === null;
    const skipped = tally.by.skipped ?? 0;
    const beside = skipped > 0 ? `, ${grouped(skipped)} skipped` : '';
    say(
      this.size,
      tally.files === 0 ? '' : `${plural(tally.files, 'file')}, ${bytes(tally.bytes)}${beside}`,
    );
    say(this.words, sentence(batch, tally, now, rate));
    say(this.notes, batch.notes.map(({ text }) => text).join(' '));
    this.notes.classList.toggle(
      'calm',
      batch.notes.every(({ good }) => good),
    );
    this.notes.hidden = batch.notes.length === 0;
    this.progress(tally);
    this.offers(tally);
    this.rows(tally, now);
    this.arrivals.draw();
  }

  private progress(tally: Tally): void {
    const { batch } = this;
    const surveying = batch.stage === 'surveying';
    const sent = surveying ? percent(batch.seen, batch.total) : percent(tally.sent, tally.bytes);
    const stored = percent(tally.inArchive, tally.files);
    this.sent.style.width = `${sent}%`;
    this.stored.style.width = `${stored}%`;
    this.node.dataset.state = this.tone(tally);
    set(this.bar, 'aria-valuenow', String(surveying ? sent : stored));
    set(
      this.bar,
      'aria-valuetext',
      surveying ? `${sent} % looked at` : `${sent} % sent, ${stored} % stored`,
    );
    this.bar.hidden = batch.stage === 'failed' || (batch.done && tally.files === 0);
  }

  private tone(tally: Tally): string {
    if (this.batch.stage === 'failed') return 'failed';
    const waiting = this.batch.unfinished || (tally.by.network ?? 0) > 0;
    if (!this.batch.done) return waiting ? 'waiting' : 'moving';
    return tally.troubled > 0 ? 'troubled' : 'done';
  }

  private offers(tally: Tally): void {
    const { batch, buttons } = this;
    const ended = batch.done || batch.stage === 'failed';
    buttons.now.hidden = (tally.by.network ?? 0) === 0;
    buttons.choose.hidden = !batch.unfinished;
    buttons.open.hidden = batch.studies.size !== 1;
    buttons.cancel.hidden = ended || (batch.stage !== 'running' && batch.stage !== 'restored');
    buttons.retry.hidden = !batch.items.some(again);
    buttons.print.hidden = !batch.done || batch.id === null;
    buttons.csv.hidden = buttons.print.hidden;
    this.dismiss.hidden = !ended;
  }

  private rows(tally: Tally, now: number): void {
    const { batch, problemsOnly, toggled } = this;
    const problems = tally.troubled + (tally.by.skipped ?? 0);
    say(this.everything, `All ${grouped(batch.items.length)}`);
    say(this.problems, `Problems and skipped ${grouped(problems)}`);
    this.everything.setAttribute('aria-pressed', String(!problemsOnly));
    this.problems.setAttribute('aria-pressed', String(problemsOnly));
    const empty = batch.items.length === 0;
    this.files.node.hidden = empty;
    this.everything.hidden = empty;
    this.problems.hidden = problems === 0 && !problemsOnly;
    this.files.show(rowsOf(batch, { problemsOnly, toggled }), now, problemsOnly);
  }

  private filter(problemsOnly: boolean): void {
    this.problemsOnly = problemsOnly;
    this.changed();
  }

  private changed(): void {
    this.desk.dispatchEvent(new Event('change'));
  }

  private actions() {
    const { batch, desk, deps } = this;
    const open = () => {
      const [study] = batch.studies;
      if (study !== undefined) deps.goes(study);
    };
    const retry = () => {
      for (const item of batch.items.filter(again)) desk.retry(batch, item);
    };
    return {
      now: button('Try now', 'primary', () => desk.tryNow()),
      choose: button('Choose again', 'primary', () => deps.choose(batch.source)),
      open: button('Open the study', '', open),
      cancel: button('Cancel upload', 'quiet', () => desk.cancelAll(batch)),
      retry: button('Retry what failed', '', retry),
      csv: button('Save CSV', '', () => void saveTable(deps.transport, batch, deps.toasts)),
      print: button('Print report', '', () => void printReport(deps.transport, batch, deps.toasts)),
    };
  }

  private rowActions() {
    const { batch, desk, deps } = this;
    return {
      toggle: (folder: string) => {
        if (!this.toggled.delete(folder)) this.toggled.add(folder);
        this.changed();
      },
      open: (study: string) => deps.goes(study),
      cancel: (item: (typeof batch.items)[number]) => desk.cancel(batch, item),
      retry: (item: (typeof batch.items)[number]) => desk.retry(batch, item),
      choose: () => deps.choose('files'),
      conflict: (row: Row) => this.conflict(row),
    };
  }

  private conflict(row: Row): (() => void) | null {
    const id = this.batch.conflictOf(
      row.kind === 'member' ? row.result : row.kind === 'item' ? row.item : null,
    );
    if (id === null) return null;
    const settled = () => void this.desk.refresh(this.batch);
    return () => void showConflict(this.deps, id, settled);
  }
}

const again = (item: Batch['items'][number]): boolean => remedy(item) === 'retry';
