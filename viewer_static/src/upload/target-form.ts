/** Whose picture: a study of the archive, or a new one with its patient. */
import { type Study, studies as studiesOf } from '../api.ts';
import { el, say, set } from '../dom.ts';
import { recognised } from '../errors.ts';
import { compactDate, date, personName } from '../text.ts';
import type { Transport } from '../transport.ts';

const PAUSE_MS = 300;
const MOST = 8;

interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly required?: boolean;
}

const FIELDS: readonly Field[] = [
  { name: 'family', label: 'Family name', type: 'text', required: true },
  { name: 'given', label: 'Given name', type: 'text' },
  { name: 'patient_id', label: 'Patient ID', type: 'text', required: true },
  { name: 'birth_date', label: 'Born', type: 'date' },
  { name: 'study_date', label: 'Study date', type: 'date' },
  { name: 'study_description', label: 'Description', type: 'text', required: true },
  { name: 'accession', label: 'Accession', type: 'text' },
];

const SEXES = [
  ['', 'Not known'],
  ['F', 'F'],
  ['M', 'M'],
  ['O', 'Other'],
] as const;

/** A backslash separates values in DICOM; a caret and an equals sign the parts of a name. */
export const clean = (text: string): string =>
  text
    .replace(/[\\^=]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

/** The words of the form as the server wants them. Pure. */
export function targetOf(values: Readonly<Record<string, string>>): Record<string, string> {
  const of = (name: string): string => clean(values[name] ?? '');
  const given = of('given') === '' ? '' : `^${of('given')}`;
  return {
    patient_name: of('family') + given,
    patient_id: of('patient_id'),
    birth_date: compactDate(of('birth_date')),
    sex: of('sex'),
    study_description: of('study_description'),
    study_date: compactDate(of('study_date')),
    accession: of('accession'),
  };
}

export class TargetForm {
  readonly node: HTMLElement;
  private readonly fields = new Map<string, HTMLInputElement | HTMLSelectElement>();
  private readonly existing = el('input', { type: 'radio', name: 'target', value: 'existing' });
  private readonly fresh = el('input', { type: 'radio', name: 'target', value: 'new' });
  private readonly search = el('input', {
    type: 'search',
    placeholder: 'Patient name or ID',
    'aria-label': 'Search the studies',
    autocomplete: 'off',
    'data-first': '',
  });
  private readonly found = el('div', { class: 'target-found', role: 'radiogroup' });
  private readonly warning = el('p', { class: 'question-warning', role: 'status' });
  private readonly picker: HTMLElement;
  private readonly form: HTMLElement;
  private study: string | null = null;
  private giveUp = new AbortController();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly transport: Transport) {
    this.existing.checked = true;
    this.picker = el('div', { class: 'target-picker' }, this.search, this.found);
    this.form = el(
      'div',
      { class: 'target-fields', hidden: true },
      ...FIELDS.map((field) => this.field(field)),
      this.sex(),
    );
    const choice = el(
      'div',
      { class: 'target-choice' },
      el('label', {}, this.existing, ' A study in the archive'),
      el('label', {}, this.fresh, ' A new study'),
    );
    this.node = el('div', { class: 'target-form' }, choice, this.picker, this.form, this.warning);
    choice.addEventListener('change', () => this.switched());
    this.search.addEventListener('input', () => this.soon());
    void this.find();
  }

  /** Undefined while something is missing, which is then said. */
  answer(): string | undefined {
    const target = this.existing.checked ? this.chosen() : this.described();
    return target === null ? undefined : JSON.stringify(target);
  }

  private chosen(): object | null {
    if (this.study !== null) return { study: this.study };
    say(this.warning, 'Choose a study from the list.');
    return null;
  }

  private described(): object | null {
    const missing = FIELDS.find(({ name, required }) => required && this.value(name) === '');
    if (missing === undefined) {
      const names = [...this.fields.keys()];
      return targetOf(Object.fromEntries(names.map((name) => [name, this.value(name)])));
    }
    say(this.warning, `${missing.label} is needed.`);
    this.fields.get(missing.name)?.focus();
    return null;
  }

  private value(name: string): string {
    return clean(this.fields.get(name)?.value ?? '');
  }

  private switched(): void {
    this.picker.hidden = this.fresh.checked;
    this.form.hidden = this.existing.checked;
    say(this.warning, '');
  }

  private field({ name, label, type, required }: Field): HTMLElement {
    const input = el('input', { type, autocomplete: 'off', maxlength: '64' });
    set(input, 'aria-required', required ? 'true' : null);
    this.fields.set(name, input);
    return el(
      'label',
      { class: 'field' },
      el('span', {}, required ? `${label} (needed)` : label),
      input,
    );
  }

  private sex(): HTMLElement {
    const options = SEXES.map(([value, label]) => el('option', { value }, label));
    const input = el('select', {}, ...options);
    this.fields.set('sex', input);
    return el('label', { class: 'field' }, el('span', {}, 'Sex'), input);
  }

  private soon(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.find(), PAUSE_MS);
  }

  /** By name and by ID, since people type either. */
  private async find(): Promise<void> {
    this.giveUp.abort();
    this.giveUp = new AbortController();
    const { signal } = this.giveUp;
    const text = this.search.value.trim();
    try {
      const searches = text === '' ? [{}] : [{ patient_name: text }, { patient_id: text }];
      const pages = await Promise.all(
        searches.map((search) => studiesOf(this.transport, search, MOST, 0, { signal })),
      );
      const all = new Map(pages.flatMap(({ items }) => items).map((study) => [study.id, study]));
      if (!signal.aborted) this.show([...all.values()].slice(0, MOST));
    } catch (thrown) {
      if (!signal.aborted) say(this.warning, recognised(thrown).message);
    }
  }

  private show(studies: readonly Study[]): void {
    this.study = null;
    const none = el('p', { class: 'target-none' }, 'No study found.');
    this.found.replaceChildren(
      ...(studies.length === 0 ? [none] : studies.map((s) => this.row(s))),
    );
  }

  private row(study: Study): HTMLElement {
    const box = el('input', { type: 'radio', name: 'target-study' });
    box.addEventListener('change', () => {
      this.study = study.id;
      say(this.warning, '');
    });
    const what = [date(study.study_date), study.modalities.join(' '), study.description];
    return el(
      'label',
      { class: 'patient' },
      box,
      el(
        'span',
        { class: 'patient-name' },
        personName(study.patient_name).main,
        el('span', { class: 'beside' }, study.patient_id),
      ),
      el('span', { class: 'patient-what' }, what.filter((text) => text !== '').join(' · ')),
    );
  }
}
