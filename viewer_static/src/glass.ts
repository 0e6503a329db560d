/** Emergency access: a study out of reach opens by its exact number and a reason; a red banner says so while it lasts. */
import './glass.css';
import type { StudyDetail } from './api.ts';
import type { Clock } from './clock.ts';
import { button, el, say } from './dom.ts';
import { recognised } from './errors.ts';
import { date } from './text.ts';
import type { Transport } from './transport.ts';

const TICK_MS = 5_000;

interface Choice {
  readonly study: string;
  readonly study_date: string;
  readonly modalities: readonly string[];
  readonly description: string;
}

interface Answer {
  readonly study?: string;
  readonly choose?: readonly Choice[];
}

export class Emergency {
  /** Only for whom it is meant (glass.css). */
  readonly opener = button('Emergency access', 'quiet emergency-opener', () => this.open());
  private readonly dialog = el('dialog', {
    class: 'ask emergency',
    'aria-label': 'Emergency access',
  });
  private readonly kind = el(
    'select',
    { name: 'kind' },
    el('option', { value: 'accession' }, 'Accession number'),
    el('option', { value: 'patient_id' }, 'Patient ID'),
  );
  private readonly value = el('input', {
    name: 'value',
    required: true,
    maxlength: '128',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  private readonly reason = el('textarea', {
    name: 'reason',
    required: true,
    minlength: '10',
    maxlength: '128',
    rows: '2',
  });
  private readonly choices = el('fieldset', { class: 'emergency-choices', hidden: true });
  private readonly state = el('p', { class: 'sign-in-state', role: 'alert' });
  private readonly go = el('button', { type: 'submit', class: 'danger' }, 'Open in an emergency');
  private giveUp = new AbortController();

  constructor(
    private readonly transport: Transport,
    private readonly goes: (study: string) => void,
    host: HTMLElement,
  ) {
    const form = el(
      'form',
      { method: 'dialog' },
      el('h2', {}, 'Emergency access'),
      el(
        'p',
        {},
        'Opens one study outside your reach, for a limited time. Your name, the study and your reason are recorded, and will be looked at.',
      ),
      el('label', {}, 'By its', this.kind),
      el('label', {}, 'Exactly as in the archive', this.value),
      el('label', {}, 'Reason (10 characters or more)', this.reason),
      this.choices,
      this.state,
      el(
        'div',
        { class: 'ask-acts' },
        button('Cancel', 'quiet', () => this.dialog.close()),
        this.go,
      ),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.ask();
    });
    for (const field of [this.kind, this.value])
      field.addEventListener('input', () => this.offer([]));
    this.dialog.append(form);
    this.dialog.addEventListener('keydown', (event) => event.stopPropagation());
    this.dialog.addEventListener('close', () => this.giveUp.abort());
    host.append(this.dialog);
  }

  private open(): void {
    this.giveUp = new AbortController();
    this.value.value = '';
    this.reason.value = '';
    this.offer([]);
    say(this.state, '');
    this.dialog.showModal();
    this.value.focus();
  }

  private async ask(): Promise<void> {
    const chosen = this.choices.querySelector<HTMLInputElement>('input:checked')?.value;
    const asked = {
      [this.kind.value]: this.value.value.trim(),
      reason: this.reason.value,
      ...(chosen === undefined ? {} : { study: chosen }),
    };
    const { signal } = this.giveUp;
    this.go.disabled = true;
    say(this.state, '');
    try {
      const told = (await this.transport.change('POST', 'api/glass', asked, { signal })) as Answer;
      if (told.choose !== undefined) this.offer(told.choose);
      else if (told.study !== undefined) {
        this.dialog.close();
        this.goes(told.study);
      }
    } catch (thrown) {
      const error = recognised(thrown);
      if (error.category !== 'cancelled') say(this.state, error.message);
    } finally {
      this.go.disabled = false;
    }
  }

  private offer(choices: readonly Choice[]): void {
    this.choices.hidden = choices.length === 0;
    this.choices.replaceChildren(
      el('legend', {}, 'There are several; choose one'),
      ...choices.map(({ study, study_date, modalities, description }) =>
        el(
          'label',
          {},
          el('input', { type: 'radio', name: 'study', value: study, required: true }),
          [date(study_date), modalities.join(' '), description].filter(Boolean).join(' · '),
        ),
      ),
    );
  }
}

/** Over a study that was opened so; when its time is over, or its reader ends it, the study goes. */
export class GlassBanner {
  private readonly words = el('span', { role: 'alert' });
  private readonly ending = button('End it now', '', () => void this.end());
  readonly node = el('div', { class: 'glass-banner', hidden: true }, this.words, this.ending);
  private cancel = (): void => undefined;
  private study = '';

  /** `ended` tells the server that it is over now. */
  constructor(
    private readonly clock: Clock,
    private readonly over: () => void,
    private readonly ended: (study: string) => Promise<unknown>,
  ) {}

  show(study: StudyDetail | null): void {
    const until = study?.emergency_until;
    this.close();
    if (study === null || until === undefined) return;
    this.study = study.id;
    this.node.hidden = false;
    this.tick(until * 1_000);
  }

  close(): void {
    this.cancel();
    this.node.hidden = true;
  }

  /** What the server did not hear stays open, and is said to. */
  private async end(): Promise<void> {
    const { study } = this;
    this.ending.disabled = true;
    try {
      await this.ended(study);
    } catch (thrown) {
      say(this.words, `The emergency access goes on: ${recognised(thrown).message}`);
      return;
    } finally {
      this.ending.disabled = false;
    }
    if (this.node.hidden || study !== this.study) return;
    this.close();
    this.over();
  }

  private tick(until: number): void {
    const left = until - this.clock.now();
    if (left <= 0) {
      this.close();
      this.over();
      return;
    }
    say(this.words, sentence(left));
    this.cancel = this.clock.after(Math.min(left, TICK_MS), () => this.tick(until));
  }
}

export function sentence(leftMs: number): string {
  const minutes = Math.ceil(leftMs / 60_000);
  const left = minutes > 1 ? `${minutes} minutes` : 'less than a minute';
  return `EMERGENCY ACCESS, ${left} left. This study is outside your reach; that you opened it is recorded.`;
}
