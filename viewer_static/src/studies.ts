/** The study list: search, pages, keyboard. An answer to an older search is never shown. */
import { type Study, type StudyPage, studies as studiesOf } from './api.ts';
import { wallClock } from './clock.ts';
import { Columns } from './columns.ts';
import { Deletion } from './deletion.ts';
import { button, el, isTyping, say, set } from './dom.ts';
import { recognised } from './errors.ts';
import type { Link } from './link.ts';
import { aged, listPage, noStudies } from './list-page.ts';
import type { Preferences } from './preferences.ts';
import { Saving } from './saving.ts';
import { SearchForm } from './search-form.ts';
import { grouped, personName, plural } from './text.ts';
import { Ticker } from './ticker.ts';
import type { Toasts } from './toasts.ts';
import type { Transport } from './transport.ts';

const LIMIT = 50;

export interface StudiesDeps {
  readonly transport: Transport;
  readonly link: Link;
  readonly toasts: Toasts;
  /** The Upload button. */
  readonly upload: HTMLElement;
  readonly preferences: Preferences;
  readonly open: (studyId: string) => void;
}

export class Studies {
  readonly node: HTMLElement;
  private readonly form: SearchForm;
  private readonly rows = el('tbody');
  private readonly note = el('p', { class: 'list-note', role: 'status' });
  private readonly range = el('span', { class: 'range' });
  private readonly before: HTMLButtonElement;
  private readonly after: HTMLButtonElement;
  private readonly table: HTMLTableElement;
  private offset = 0;
  private giveUp = new AbortController();
  private release = (): void => {};
  private opened: string | null = null;
  private readonly columns: Columns;
  private readonly age = el('p', { class: 'list-age', role: 'status' });
  private readonly priors = el('p', { class: 'list-priors' });
  private page: StudyPage | null = null;
  /** The list's number when this reader first saw it: what came later is new to them. */
  private seen: number | null = null;
  private earlier: ReadonlyMap<string, string> | null = null;
  private readonly ticker: Ticker;

  constructor(private readonly deps: StudiesDeps) {
    this.columns = new Columns(deps.preferences);
    this.form = new SearchForm(() => this.search());
    const since = () => (document.hidden || this.page === null ? null : (this.page.cursor ?? 0));
    this.ticker = new Ticker(deps.transport, wallClock, since, () => this.refresh());
    this.before = button('Previous', 'quiet', () => this.turn(-LIMIT));
    this.after = button('Next', 'quiet', () => this.turn(LIMIT));
    const { head, menu } = this.columns;
    this.table = el('table', { class: 'studies' }, head, this.rows);
    this.node = listPage({
      head: [this.form.node, this.priors, this.age],
      body: [this.table, this.note],
      foot: [this.range, menu, this.before, this.after],
      upload: deps.upload,
    });
    this.rows.addEventListener('click', (event) => this.chosen(event.target));
    this.rows.addEventListener('keydown', (event) => this.rowKey(event));
    deps.link.addEventListener('change', () => this.reason());
    this.columns.addEventListener('order', () => this.search());
    this.columns.addEventListener('columns', () => this.draw());
  }

  /** Called each time the list comes on screen: what changed in the archive is seen. */
  start(): void {
    void this.load();
    this.ticker.start();
  }

  close(): void {
    this.ticker.stop();
    this.giveUp.abort();
    this.release();
  }

  /** The archive holds more than before: seen without a blink, and without losing the reader's place. */
  refresh(): void {
    if (this.table.hasAttribute('aria-busy') || !this.node.isConnected) return;
    void this.load(true);
  }

  key(event: KeyboardEvent): void {
    if (document.querySelector('dialog[open]') !== null) return;
    if (event.key === 'Escape') {
      this.escaped(event);
      return;
    }
    const inSearch = event.target instanceof HTMLInputElement && event.target.type === 'search';
    if (isTyping(event.target) && !(inSearch && event.key === 'ArrowDown')) return;
    if (event.key === '/') {
      event.preventDefault();
      this.form.focus();
    } else if (event.key === 'ArrowDown' && !this.rows.contains(document.activeElement)) {
      event.preventDefault();
      this.focusRow(0);
    }
  }

  /** Out of a field to the list; out of the priors to the search before. */
  private escaped(event: KeyboardEvent): void {
    if (isTyping(event.target)) this.focusRow(0);
    else this.goBack();
  }

  private goBack(): void {
    if (this.earlier === null) return;
    const { earlier } = this;
    this.earlier = null;
    say(this.priors, '');
    this.form.type(earlier);
  }

  /** All studies of the row's patient. */
  private showPriors(id: string): void {
    const study = this.page?.items.find((one) => one.id === id);
    if (study === undefined || study.patient_id === '') return;
    this.earlier ??= this.form.typed;
    this.opened = id;
    say(this.priors, `All studies of ${personName(study.patient_name).main}. Esc goes back.`);
    this.form.type(new Map([['patient_id', study.patient_id]]));
  }

  private search(): void {
    this.offset = 0;
    void this.load();
  }

  private turn(by: number): void {
    this.offset = Math.max(0, this.offset + by);
    void this.load();
  }

  private async load(quiet = false): Promise<void> {
    this.giveUp.abort();
    this.release();
    this.giveUp = new AbortController();
    const { signal } = this.giveUp;
    if (!quiet) set(this.table, 'aria-busy', 'true');
    if (this.rows.children.length === 0) say(this.note, 'Asking the archive');
    try {
      const began = wallClock.now();
      const { sort, descending } = this.columns.order;
      const asked = { ...this.form.value, sort, order: descending ? 'desc' : 'asc' };
      const page = await studiesOf(this.deps.transport, asked, LIMIT, this.offset, {
        signal,
        waiting: (waiting) => signal.aborted || this.waits(waiting !== null),
      });
      if (signal.aborted) return;
      this.deps.transport.seen?.time('list', wallClock.now() - began);
      this.show(page);
    } catch (thrown) {
      if (!signal.aborted && !quiet) this.failed(thrown);
    }
  }

  private show(page: StudyPage): void {
    this.release();
    set(this.table, 'aria-busy', null);
    this.page = page;
    this.seen ??= page.cursor ?? null;
    this.draw();
    say(this.age, aged(page));
    say(this.note, noStudies(page, !this.form.isEmpty));
    this.pager(page);
  }

  /** Back from a study, or with other rows: the reader goes on where the list was left. */
  private draw(): void {
    this.opened ??= document.activeElement?.closest('tr')?.dataset.study ?? null;
    this.rows.replaceChildren(...(this.page?.items ?? []).map((study) => this.row(study)));
    if (this.opened !== null) this.focusOn(this.opened);
    this.opened = null;
  }

  private focusOn(study: string): void {
    const row = [...this.rows.children].find(
      (node) => (node as HTMLElement).dataset.study === study,
    );
    if (row instanceof HTMLElement) row.focus();
  }

  private pager(page: StudyPage): void {
    const first = page.items.length === 0 ? 0 : this.offset + 1;
    const total = page.total === null ? '' : ` of ${grouped(page.total)}`;
    const last = this.offset + page.items.length;
    say(
      this.range,
      last === 0
        ? ''
        : `${first}–${last}${total || ` of ${plural(last, 'study', 'studies')} seen so far`}`,
    );
    this.before.disabled = this.offset === 0;
    this.after.disabled = !page.more;
  }

  private row(study: Study): HTMLElement {
    const remove = button('Delete', 'row-act', () => void this.remove(study.id));
    remove.title = 'Delete this study or one of its series';
    const save = button('Download', 'row-act', () => void this.save(study.id));
    save.title = 'Download this study or one of its series as a ZIP';
    const more = button('⋯', 'row-more', () => this.focusOn(study.id));
    set(more, 'aria-label', 'Download or delete this study');
    const cells = [
      ...this.columns.cells(study),
      el('td', { class: 'row-acts' }, more, el('div', {}, save, remove)),
    ];
    const isNew = this.seen !== null && (study.arrived ?? 0) > this.seen;
    if (isNew) cells[0]?.append(el('span', { class: 'new-chip' }, 'New'));
    const kind = isNew ? 'new' : null;
    return el('tr', { tabindex: '0', 'data-study': study.id, class: kind }, ...cells);
  }

  private async save(study: string): Promise<void> {
    await new Saving(this.deps.transport, study).ask(this.node);
    this.focusOn(study);
  }

  private async remove(study: string): Promise<void> {
    const deleted = await new Deletion(this.deps.transport, study).ask(this.node);
    if (deleted === null) return this.focusOn(study);
    this.deps.toasts.say('deleted', 'good', deleted.words);
    this.opened = study;
    void this.load();
  }

  /** Old rows must not pass for the answer to the new question. */
  private failed(thrown: unknown): void {
    const error = recognised(thrown);
    this.release();
    set(this.table, 'aria-busy', null);
    this.rows.replaceChildren();
    const request = error.requestId === null ? '' : ` Request ${error.requestId}.`;
    say(this.note, `${error.title}. ${error.message}${request}`);
    this.note.append(
      ' ',
      button('Retry', 'primary', () => void this.load()),
    );
  }

  private waits(waiting: boolean): void {
    this.release();
    this.release = waiting ? this.deps.link.hold() : () => {};
    if (waiting) this.reason();
    else say(this.note, '');
  }

  private reason(): void {
    const busy = this.table.hasAttribute('aria-busy');
    if (busy && this.deps.link.waiting) say(this.note, this.deps.link.sentence());
  }

  private chosen(target: EventTarget | null): void {
    if (target instanceof Element && target.closest('button') !== null) return;
    const row = target instanceof Element ? target.closest('tr') : null;
    const id = row?.dataset.study;
    if (id === undefined) return;
    this.opened = id;
    this.deps.open(id);
  }

  private rowKey(event: KeyboardEvent): void {
    const row = event.target as HTMLElement;
    const at = [...this.rows.children].indexOf(row);
    if (at < 0) return;
    const study = row.dataset.study ?? '';
    if (event.key === 'Delete') void this.remove(study);
    if (event.key === 'p') this.showPriors(study);
    if (event.key === 'd') void this.save(study);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: this.rows.children.length - 1,
    };
    const to = moves[event.key];
    if (event.key === 'Enter') this.chosen(event.target);
    if (to === undefined) return;
    event.preventDefault();
    this.focusRow(to);
  }

  private focusRow(index: number): void {
    const row = this.rows.children[index];
    if (row instanceof HTMLElement) row.focus();
  }
}
