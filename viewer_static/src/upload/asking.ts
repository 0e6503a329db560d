/** What only a person can answer: which of several patients, and whose picture a TIFF is. */
import { el, say } from '../dom.ts';
import { date, plural } from '../text.ts';
import type { Transport } from '../transport.ts';
import type { Batch } from './batch.ts';
import { ask } from './dialog.ts';
import type { Asker } from './reception.ts';
import type { Found, Patient } from './survey.ts';
import { TargetForm } from './target-form.ts';

export class Asking implements Asker {
  constructor(
    private readonly transport: Transport,
    private readonly host: HTMLElement,
  ) {}

  patients(batch: Batch, found: readonly Patient[]): Promise<ReadonlySet<string> | null> {
    const boxes = found.map((patient) => ({ patient, box: el('input', { type: 'checkbox' }) }));
    boxes[0]?.box.setAttribute('data-first', '');
    const warning = el('p', { class: 'question-warning', role: 'status' });
    const chosen = () => boxes.filter(({ box }) => box.checked).map(({ patient }) => patient.key);
    const selected = () => {
      const keys = chosen();
      if (keys.length > 0) return new Set(keys);
      say(warning, 'Choose at least one patient.');
      return undefined;
    };
    const words = `“${batch.title}” holds images of ${plural(found.length, 'patient')}. Nothing has been sent yet: whose images are to be uploaded?`;
    return ask<ReadonlySet<string>>({
      title: 'Several patients',
      host: this.host,
      body: [
        el('p', {}, words),
        el('div', { class: 'patients' }, ...boxes.map(({ patient, box }) => line(patient, box))),
        warning,
      ],
      answers: [
        { label: 'Cancel', className: '', answer: () => null },
        {
          label: `Upload all ${found.length}`,
          className: '',
          answer: () => new Set(found.map(({ key }) => key)),
        },
        { label: 'Upload the chosen', className: 'primary', answer: selected },
      ],
    });
  }

  target(_: Batch, tiffs: readonly Found[]): Promise<string | null> {
    const form = new TargetForm(this.transport);
    const [first] = tiffs;
    const which = tiffs.length === 1 ? `“${first?.path}”` : plural(tiffs.length, 'TIFF picture');
    const whose = tiffs.length === 1 ? 'does' : 'do';
    const words = `A TIFF says nothing of its patient. To which study ${whose} ${which} belong?`;
    return ask({
      title: 'Picture without a patient',
      host: this.host,
      className: 'target',
      body: [el('p', {}, words), form.node],
      answers: [
        { label: 'Leave out', className: '', answer: () => null },
        { label: 'Upload', className: 'primary', answer: () => form.answer() },
      ],
    });
  }
}

function line(
  { name, id, birthDate, studies, files }: Patient,
  box: HTMLInputElement,
): HTMLElement {
  const who = [id || 'no ID', date(birthDate)].filter((text) => text !== '').join(' · ');
  const what = `${plural(studies, 'study', 'studies')}, ${plural(files, 'image')}`;
  return el(
    'label',
    { class: 'patient' },
    box,
    el('span', { class: 'patient-name' }, name, el('span', { class: 'beside' }, who)),
    el('span', { class: 'patient-what' }, what),
  );
}
