/** The study list: search, pages, keyboard. An answer to an older search is never shown. */
import { type Study, type StudyPage, studies as studiesOf } from './api.ts';
import { Deletion } from './deletion.ts';
import { button, el, isTyping, say, set } from './dom.ts';
import { recognised } from './errors.ts';
import type { Link } from './link.ts';
import { SearchForm } from './search-form.ts';
import { date, grouped, personName, plural, time } from './text.ts';
import type { Toasts } from './toasts.ts';
import type { Transport } from './transport.ts';

const LIMIT = 50;

const COLUMNS = [
  'Patient',
  'ID',
  'Born',
  'Sex',
  'Study date',
  'Modality',
  'Description',
  'Accession',
  'Series',
  'Images',
  '',
];

export interface StudiesDeps {
  readonly transport: Transport;
  readonly link: Link;
  readonly toasts: Toasts;
  /** The Upload button. */
  readonly upload: HTMLElement;
  readonly open: (studyId: string) => void;
}

function cells(study: Study): HTMLElement[] {
  const { main, beside } = personName(study.patient_name);
  const name = el(
    'td',
    { class: 'name' },
    main,
    beside === '' ? null : el('span', { class: 'beside' }, beside),
    ...(study.labels ?? []).map((label) => el('span', { class: 'label-chip' }, label)),
  );
  const plain = [
    study.patient_id,
    date(study.patient_birth_date),
    study.patient_sex,
    `${date(study.study_date)} ${time(study.study_time)}`.trim(),
    study.modalities.join(' '),
    study.description,
    study.accession,
  ].map((text) => el('td', {}, text));
  const counts = [study.series_count, study.instance_count].map((count) =>
    el('td', { class: 'number' }, grouped(count)),
  );
  return [name, ...plain, ...counts];
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

  constructor(private readonly deps: StudiesDeps) {
    this.form = new SearchForm(() => this.search());
    this.before = button('Previous', 'quiet', () => this.turn(-LIMIT));
    this.after = button('Next', 'quiet', () => this.turn(LIMIT));
    const head = el(
      'thead',
      {},
      el('tr', {}, ...COLUMNS.map((name) => el('th', { scope: 'col' }, name))),
    );
    this.table = el('table', { class: 'studies' }, head, this.rows);
    const pager = el('footer', { class: 'pager' }, this.range, this.before, this.after);
    const title = el('div', { class: 'list-title' }, el('h1', {}, 'Studies'), deps.upload);
    const top = el('header', { class: 'list-head' }, title, this.form.node);
    this.node = el(
      'main',
      { class: 'list' },
      top,
      el('div', { class: 'list-body' }, this.table, this.note),
      pager,
    );
    this.rows.addEventListener('click', (event) => this.chosen(event.target));
    this.rows.addEventListener('keydown', (event) => this.rowKey(event));
    deps.link.addEventListener('change', () => this.reason());
  }

  /** Called each time the list comes on screen: what changed in the archive is seen. */
  start(): void {
    void this.load();
  }

  close(): void {
    this.giveUp.abort();
    this.release();
  }

  /** The archive holds more than before: seen without a blink, and without losing the reader's place. */
  refresh(): void {
    if (this.table.hasAttribute('aria-busy') || !this.node.isConnected) return;
    const focused = document.activeElement?.closest('tr');
    this.opened = (focused as HTMLElement | null | undefined)?.dataset.study ?? null;
    void this.load(true);
  }

  key(event: KeyboardEvent): void {
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
    this.giveUp = new AbortController();
    const { signal } = this.giveUp;
    if (!quiet) set(this.table, 'aria-busy', 'true');
    if (this.rows.children.length === 0) say(this.note, 'Asking the archive');
    try {
      const page = await studiesOf(this.deps.transport, this.form.value, LIMIT, this.offset, {
        signal,
        waiting: (waiting) => this.waits(waiting !== null),
      });
      if (!signal.aborted) this.show(page);
    } catch (thrown) {
      if (!signal.aborted && !quiet) this.failed(thrown);
    }
  }

  private show(page: StudyPage): void {
    this.release();
    set(this.table, 'aria-busy', null);
    this.rows.replaceChildren(...page.items.map((study) => this.row(study)));
    const none = this.form.isEmpty
      ? 'The archive holds no studies yet.'
      : 'No study matches this search.';
    say(this.note, page.items.length === 0 ? none : '');
    this.pager(page);
    this.returned();
  }

  /** Back from a study: the reader goes on where the list was left. */
  private returned(): void {
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
    const remove = button('Delete', 'row-delete', () => void this.remove(study.id));
    remove.title = 'Delete this study or one of its series';
    const last = el('td', { class: 'row-acts' }, remove);
    return el('tr', { tabindex: '0', 'data-study': study.id }, ...cells(study), last);
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
    if (event.key === 'Delete') void this.remove(row.dataset.study ?? '');
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
