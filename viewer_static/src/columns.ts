/** The list's columns: what they show, how they sort, and which of them this reader wants. */
import type { Study } from './api.ts';
import { el, say, set } from './dom.ts';
import type { Store } from './preferences.ts';
import { date, grouped, personName, time } from './text.ts';

export interface Column {
  readonly key: string;
  readonly label: string;
  /** The proxy's name of this order; null where it has none. */
  readonly sort: string | null;
  readonly cell: (study: Study) => HTMLElement;
}

export interface Order {
  readonly sort: string;
  readonly descending: boolean;
}

const KEPT = 'columns';

const SOURCES: Readonly<Record<string, string>> = {
  uploaded: 'Uploaded',
  usb: 'Disc or USB',
  modality: 'Modality',
};

/** Longer than its column: cut, and whole when pointed at. */
function text(kind: string, value: string): HTMLElement {
  return el('td', { class: kind, title: value === '' ? null : value }, value);
}

function name(study: Study): HTMLElement {
  const { main, beside } = personName(study.patient_name);
  return el(
    'td',
    { class: 'name', title: beside === '' ? main : `${main} ${beside}` },
    main,
    beside === '' ? null : el('span', { class: 'beside' }, beside),
    ...(study.labels ?? []).map((label) => el('span', { class: 'label-chip' }, label)),
  );
}

const number = (count: number) => el('td', { class: 'number' }, grouped(count));

export const COLUMNS: readonly Column[] = [
  { key: 'patient', label: 'Patient', sort: 'patient_name', cell: name },
  { key: 'id', label: 'ID', sort: 'patient_id', cell: (s) => text('id', s.patient_id) },
  {
    key: 'born',
    label: 'Born',
    sort: 'birth_date',
    cell: (s) => text('date', date(s.patient_birth_date)),
  },
  { key: 'sex', label: 'Sex', sort: 'sex', cell: (s) => text('short', s.patient_sex) },
  {
    key: 'when',
    label: 'Study date',
    sort: 'study_date',
    cell: (s) => text('date', `${date(s.study_date)} ${time(s.study_time)}`.trim()),
  },
  {
    key: 'modality',
    label: 'Modality',
    sort: 'modality',
    cell: (s) => text('short', s.modalities.join(' ')),
  },
  {
    key: 'description',
    label: 'Description',
    sort: 'description',
    cell: (s) => text('long', s.description),
  },
  {
    key: 'accession',
    label: 'Accession',
    sort: 'accession',
    cell: (s) => text('id', s.accession),
  },
  {
    key: 'source',
    label: 'Source',
    sort: null,
    cell: (s) => text('short', SOURCES[s.source ?? ''] ?? ''),
  },
  { key: 'series', label: 'Series', sort: 'series', cell: (s) => number(s.series_count) },
  { key: 'images', label: 'Images', sort: 'images', cell: (s) => number(s.instance_count) },
];

/** What a list is useless without. */
const ALWAYS = new Set(['patient', 'when']);

/** What the reader chose before; a broken or foreign entry is as none. */
export function chosen(stored: string | null): Set<string> {
  const keys = COLUMNS.map(({ key }) => key);
  const hidden = new Set((stored ?? 'source').split(',').filter((key) => !ALWAYS.has(key)));
  return new Set(keys.filter((key) => !hidden.has(key)));
}

/** The head of the table; fires `order` and `columns`. */
export class Columns extends EventTarget {
  readonly head = el('thead');
  readonly menu = el('details', { class: 'columns-menu' });
  order: Order = { sort: 'study_date', descending: true };
  private shown: Set<string>;
  private readonly list = el('div', { class: 'columns-list' });

  constructor(private readonly preferences: Store & EventTarget) {
    super();
    this.menu.append(el('summary', {}, 'Columns'), this.list);
    this.shown = this.chosen();
    preferences.addEventListener('change', () => {
      this.shown = this.chosen();
      this.draw();
      this.dispatchEvent(new Event('columns'));
    });
    this.draw();
  }

  /** And the boxes say so. */
  private chosen(): Set<string> {
    const shown = chosen(this.preferences.getItem(KEPT));
    const offered = COLUMNS.filter(({ key }) => !ALWAYS.has(key));
    this.list.replaceChildren(...offered.map((one) => this.box(one, shown.has(one.key))));
    return shown;
  }

  cells(study: Study): HTMLElement[] {
    return this.visible.map(({ key, cell }) => {
      const node = cell(study);
      node.classList.add(`col-${key}`);
      return node;
    });
  }

  private get visible(): Column[] {
    return COLUMNS.filter(({ key }) => this.shown.has(key));
  }

  private draw(): void {
    const heads = this.visible.map((column) => this.heading(column));
    this.head.replaceChildren(el('tr', {}, ...heads, el('th', { class: 'row-acts' }, '')));
  }

  private heading(column: Column): HTMLElement {
    const isNumber = column.key === 'series' || column.key === 'images';
    const kind = `col-${column.key}${isNumber ? ' number' : ''}`;
    const cell = el('th', { scope: 'col', class: kind });
    const { sort } = column;
    if (sort === null) {
      say(cell, column.label);
      return cell;
    }
    const mark = el('span', { class: 'sort-mark', 'aria-hidden': 'true' });
    const button = el('button', { type: 'button', class: 'sorter' }, column.label, mark);
    button.addEventListener('click', () => this.sortBy(sort));
    if (this.order.sort === sort) {
      set(cell, 'aria-sort', this.order.descending ? 'descending' : 'ascending');
      say(mark, this.order.descending ? '▼' : '▲');
    }
    cell.append(button);
    return cell;
  }

  private sortBy(sort: string): void {
    const again = this.order.sort === sort;
    this.order = { sort, descending: again ? !this.order.descending : sort === 'study_date' };
    this.draw();
    const sorted = this.head.querySelector<HTMLElement>('th[aria-sort] button');
    sorted?.focus();
    this.dispatchEvent(new Event('order'));
  }

  private box({ key, label }: Column, isShown: boolean): HTMLElement {
    const box = el('input', { type: 'checkbox', checked: isShown });
    box.addEventListener('change', () => {
      if (box.checked) this.shown.add(key);
      else this.shown.delete(key);
      const hidden = COLUMNS.filter((one) => !this.shown.has(one.key)).map((one) => one.key);
      this.preferences.setItem(KEPT, hidden.join(','));
      this.draw();
      this.dispatchEvent(new Event('columns'));
    });
    return el('label', {}, box, label);
  }
}
