/** Lets somebody without an account look at the open study: makes links, lists and revokes them. */
import type { Study } from './api.ts';
import { button, el, say } from './dom.ts';
import { recognised } from './errors.ts';
import { moment } from './guest.ts';
import { personName, plural } from './text.ts';
import type { Transport } from './transport.ts';

const SHARES = 'api/shares';
const USUAL_DAYS = [1, 7, 30];

export interface Share {
  readonly id: string;
  readonly study: string;
  readonly by: string;
  readonly created: number;
  readonly expires: number;
  readonly passphrase: boolean;
}

type Made = Share & { readonly secret: string };

/** What may be chosen where links end after so many days at most. */
export function daysUpTo(most: number): readonly number[] {
  const fitting = USUAL_DAYS.filter((days) => days <= most);
  return fitting.length === USUAL_DAYS.length || fitting.includes(most)
    ? fitting
    : [...fitting, most];
}

export class ShareDialog {
  readonly dialog = el('dialog', { class: 'ask share-dialog', 'aria-label': 'Share' });
  private readonly whose = el('p');
  private readonly days = el('select', { name: 'days' });
  private readonly passphrase = el('input', {
    name: 'passphrase',
    type: 'text',
    autocomplete: 'off',
    spellcheck: 'false',
    minlength: '8',
    maxlength: '128',
  });
  private readonly hint = el('span');
  private readonly go = el('button', { type: 'submit', class: 'primary' }, 'Make link');
  private readonly link = el('input', { readonly: true, 'aria-label': 'Link' });
  private readonly made: HTMLElement;
  private readonly state = el('p', { class: 'share-state', role: 'status' });
  private readonly list = el('ul', { class: 'share-list' });
  private giveUp = new AbortController();
  private studyId = '';

  constructor(private readonly transport: Transport) {
    const form = el(
      'form',
      { method: 'dialog' },
      el('label', {}, 'Ends after', this.days),
      el('label', {}, this.hint, this.passphrase),
      this.go,
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.make();
    });
    this.made = el(
      'div',
      { class: 'share-made', hidden: true },
      el('p', {}, 'Copy it now: it is shown this once.'),
      this.link,
      button('Copy', 'primary', () => void this.copy()),
    );
    this.dialog.append(
      el('h2', {}, 'Share this study'),
      this.whose,
      el(
        'p',
        {},
        'Whoever has the link sees this study alone, without an account: to read, not to download. Each opening is recorded.',
      ),
      form,
      this.made,
      this.state,
      this.list,
      el(
        'div',
        { class: 'ask-acts' },
        button('Close', 'quiet', () => this.dialog.close()),
      ),
    );
    this.dialog.addEventListener('close', () => this.giveUp.abort());
  }

  open(study: Study): void {
    const { shareDays, sharePassphrase } = document.body.dataset;
    if (shareDays === undefined) return;
    this.giveUp = new AbortController();
    this.studyId = study.id;
    const { main } = personName(study.patient_name);
    say(this.whose, [main, study.patient_id, study.description].filter(Boolean).join(' · '));
    this.days.replaceChildren(
      ...daysUpTo(Number(shareDays)).map((days) =>
        el('option', { value: String(days) }, plural(days, 'day')),
      ),
    );
    this.passphrase.required = sharePassphrase !== undefined;
    say(this.hint, this.passphrase.required ? 'Passphrase' : 'Passphrase, if it is to have one');
    this.reset();
    this.list.replaceChildren();
    this.dialog.showModal();
    void this.load();
  }

  private reset(): void {
    this.made.hidden = true;
    this.link.value = '';
    this.passphrase.value = '';
    say(this.state, '');
  }

  private async load(): Promise<void> {
    const { signal } = this.giveUp;
    await this.trying(async () => {
      const path = `${SHARES}?study=${this.studyId}`;
      const found = (await this.transport.json(path, { signal })) as { readonly items: Share[] };
      if (!signal.aborted) this.list.replaceChildren(...found.items.map((one) => this.row(one)));
    });
  }

  private row(share: Share): HTMLElement {
    const lock = share.passphrase ? ', with a passphrase' : '';
    return el(
      'li',
      {},
      el('span', {}, `Until ${moment(share.expires)}, by ${share.by}${lock}`),
      button('Revoke', 'quiet', () => void this.revoke(share)),
    );
  }

  private async make(): Promise<void> {
    const passphrase = this.passphrase.value;
    const asked = { days: Number(this.days.value), ...(passphrase === '' ? {} : { passphrase }) };
    this.reset();
    this.go.disabled = true;
    await this.trying(async () => {
      const path = `api/pacs/studies/${this.studyId}/shares`;
      const { signal } = this.giveUp;
      const made = (await this.transport.change('POST', path, asked, { signal })) as Made;
      this.link.value = `${location.origin}${location.pathname}#/share/${made.secret}`;
      this.made.hidden = false;
      this.link.select();
      if (passphrase !== '') say(this.state, 'Tell the passphrase by another way than the link.');
      await this.load();
    });
    this.go.disabled = false;
  }

  private async copy(): Promise<void> {
    this.link.select();
    try {
      await navigator.clipboard.writeText(this.link.value);
      say(this.state, 'Copied.');
    } catch {
      say(this.state, 'Press Ctrl+C to copy it.');
    }
  }

  private revoke(share: Share): Promise<void> {
    return this.trying(async () => {
      const { signal } = this.giveUp;
      await this.transport.change('DELETE', `${SHARES}/${share.id}`, null, { signal });
      this.reset();
      say(this.state, 'Revoked: whoever looks at the study by it is out within seconds.');
      await this.load();
    });
  }

  private async trying(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (thrown) {
      const error = recognised(thrown);
      if (error.category === 'cancelled') return;
      const request = error.requestId === null ? '' : ` Request ${error.requestId}.`;
      say(this.state, `${error.title}. ${error.message}${request}`);
    }
  }
}
