/** The fields above the study list; searches while typing, a moment after the last key. */
import type { Search } from './api.ts';
import { button, el } from './dom.ts';
import { compactDate } from './text.ts';

const PAUSE_MS = 300;

const MODALITIES = ['CT', 'MR', 'US', 'CR', 'DX', 'MG', 'NM', 'PT', 'XA', 'RF', 'OT', 'SR'].map(
  (name) => [name, name] as const,
);

const SOURCES = [
  ['uploaded', 'Uploaded'],
  ['usb', 'Disc or USB'],
  ['modality', 'Modality'],
] as const;

const TEXT_FIELDS = [
  ['patient_name', 'Patient name'],
  ['patient_id', 'Patient ID'],
  ['description', 'Description'],
  ['accession', 'Accession'],
  ['label', 'Label'],
] as const;

export class SearchForm {
  readonly node: HTMLFormElement;
  private readonly fields = new Map<string, HTMLInputElement | HTMLSelectElement>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly changed: () => void) {
    const texts = TEXT_FIELDS.map(([name, label]) =>
      this.field(
        name,
        label,
        el('input', { type: 'search', autocomplete: 'off', spellcheck: 'false' }),
      ),
    );
    const [name, id, ...others] = texts;
    this.node = el(
      'form',
      { class: 'search', role: 'search' },
      name ?? null,
      id ?? null,
      this.field('modality', 'Modality', select(MODALITIES)),
      this.field('birth_date', 'Born', el('input', { type: 'date' })),
      this.field('date_from', 'From', el('input', { type: 'date' })),
      this.field('date_to', 'To', el('input', { type: 'date' })),
      ...others,
      this.field('source', 'Source', select(SOURCES)),
      button('Clear', 'quiet', () => this.clear()),
    );
    this.node.addEventListener('input', () => this.soon());
    this.node.addEventListener('submit', (event) => {
      event.preventDefault();
      this.now();
    });
  }

  /** What is asked of the list; the order is the table's. */
  get value(): Omit<Search, 'sort' | 'order'> {
    const of = (name: string): string => this.fields.get(name)?.value ?? '';
    return {
      patient_name: of('patient_name'),
      patient_id: of('patient_id'),
      accession: of('accession'),
      description: of('description'),
      modality: of('modality'),
      date_from: compactDate(of('date_from')),
      date_to: compactDate(of('date_to')),
      label: of('label'),
      birth_date: compactDate(of('birth_date')),
      source: of('source'),
    };
  }

  get isEmpty(): boolean {
    return Object.values(this.value).every((value) => value === '');
  }

  /** All that was typed, to come back to it. */
  get typed(): ReadonlyMap<string, string> {
    return new Map([...this.fields].map(([name, field]) => [name, field.value]));
  }

  /** Asks for exactly this. */
  type(values: ReadonlyMap<string, string>): void {
    for (const [name, field] of this.fields) field.value = values.get(name) ?? '';
    this.now();
  }

  focus(): void {
    this.fields.get('patient_name')?.focus();
  }

  private clear(): void {
    this.type(new Map());
  }

  private field(
    name: string,
    label: string,
    input: HTMLInputElement | HTMLSelectElement,
  ): HTMLElement {
    input.name = name;
    this.fields.set(name, input);
    return el('label', { class: `field field-${name}` }, el('span', {}, label), input);
  }

  private soon(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), PAUSE_MS);
  }

  private now(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.changed();
  }
}

function select(options: readonly (readonly [string, string])[]): HTMLSelectElement {
  const each = options.map(([value, label]) => el('option', { value }, label));
  return el('select', {}, el('option', { value: '' }, 'Any'), ...each);
}
