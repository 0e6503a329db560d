/** Whoever came by a link: the secret leaves the address at once, and opens one study until the link ends. */
import './guest.css';
import type { Clock } from './clock.ts';
import { button, el, locked, say } from './dom.ts';
import type { Known } from './doorman.ts';
import type { Gate } from './gate.ts';

const ENTRANCE = 'api/session/share';
const LINK = '#/share/';
const ENDED = 'share_ended';
/** A link that has ended shows nothing for longer than this. */
const LOOK_MS = 3_000;
/** Nobody waits longer for that: the next look may be answered. */
const ANSWER_MS = 10_000;
const AWAY = 'The server does not answer. Try again.';

export interface Lobby {
  readonly fetch: typeof globalThis.fetch;
  readonly host: HTMLElement;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly entered: (known: Known, study: string) => void;
  /** Ends the session, however long that takes. */
  readonly close: () => Promise<void>;
  /** Nothing of the study stays on the page. */
  readonly clear: () => void;
}

interface Said {
  readonly code?: string;
  readonly detail?: string;
}

/** The secret of the link in the address, which does not keep it; empty without one. */
export function taken(): string {
  if (!location.hash.startsWith(LINK)) return '';
  const secret = location.hash.slice(LINK.length);
  history.replaceState(null, '', location.pathname);
  return secret;
}

export class Guest {
  /** Over the study: until when it can be seen, and the way out. */
  readonly bar = el('div', { class: 'guest-bar', role: 'status', hidden: true });
  study = '';
  private secret = '';
  private readonly until = el('span');
  private readonly dialog = el('dialog', { class: 'guest-door', 'aria-label': 'Shared study' });
  private readonly title = el('h2');
  private readonly words = el('p', { class: 'guest-words' });
  private readonly state = el('p', { class: 'sign-in-state', role: 'alert' });
  private readonly passphrase = el('input', {
    name: 'passphrase',
    type: 'password',
    autocomplete: 'off',
    maxlength: '128',
  });
  private readonly label = el('label', {}, 'Passphrase', this.passphrase);
  private readonly go = el('button', { type: 'submit', class: 'primary' });
  private readonly form = el('form', { method: 'dialog' }, this.label, this.go);

  constructor(private readonly lobby: Lobby) {
    this.bar.append(
      el('strong', {}, 'Shared with you'),
      this.until,
      button('Close', 'quiet', () => void this.leave()),
    );
    this.dialog.append(this.title, this.words, this.state, this.form);
    locked(this.dialog);
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.enter();
    });
    lobby.host.append(this.dialog);
  }

  /** Whether this page is a guest's, who is never asked for a name. */
  get isHere(): boolean {
    return this.study !== '' || this.secret !== '';
  }

  /** By a link; whoever is signed in here is asked first, since it takes that place. */
  async arrive(secret: string): Promise<void> {
    this.secret = secret;
    const response = await this.lobby.fetch('api/session', { cache: 'no-store' }).catch(() => null);
    const known = response?.ok === true ? ((await response.json()) as Known) : null;
    if (known === null || known.role === 'guest') return this.enter();
    const words = `You are signed in here as ${known.name}. Opening the link signs you out in this browser.`;
    this.ask('A study was shared with you', words, 'Open the link');
  }

  /** Somebody is in. */
  greeted(known: Known): void {
    if (this.study === '' && known.study !== undefined) this.watch();
    this.study = known.study ?? '';
    this.bar.hidden = this.study === '';
    document.body.toggleAttribute('data-guest', this.study !== '');
    if (known.until !== undefined) say(this.until, `until ${moment(known.until)}, to read only`);
  }

  /** The server knows the guest no longer: the link has ended, or nothing was done for a while. */
  async again(): Promise<void> {
    const isArriving = this.secret !== '' && this.study === '';
    if (this.dialog.open || isArriving) return;
    if (this.secret === '') {
      this.end('Your visit has ended', 'Open the link that you were sent once more.');
      return;
    }
    const said = await this.said({ look: true });
    if (said?.code === ENDED) this.over(said);
    else {
      const words = 'Nothing was done for a while. What you had open is still here.';
      this.ask('Your visit has ended', words, 'Go on', said?.code === 'passphrase_required');
    }
  }

  /** What lies here already is asked of nobody, so the page asks by itself whether it still may be seen. */
  private watch(): void {
    const { clock } = this.lobby;
    clock.after(LOOK_MS, async () => {
      const giveUp = new AbortController();
      const cancel = clock.after(ANSWER_MS, () => giveUp.abort());
      if (!this.dialog.open) await this.look(giveUp.signal);
      else if (this.secret !== '') await this.lookAgain(giveUp.signal);
      cancel();
      this.watch();
    });
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { fetch, gate } = this.lobby;
    const { pass } = gate;
    const answer = await fetch('api/session', { cache: 'no-store', signal }).catch(() => null);
    if (answer?.status !== 401) return;
    if (gate.isShut) await this.again();
    else gate.refused(pass);
  }

  /** The visit has ended, and the study still lies behind the door: not for longer than its link. */
  private async lookAgain(signal: AbortSignal): Promise<void> {
    const { secret } = this;
    const said = await this.said({ look: true }, signal);
    if (said?.code === ENDED && secret === this.secret) this.over(said);
  }

  private async enter(): Promise<void> {
    this.go.disabled = true;
    say(this.state, '');
    const said = await this.said({ passphrase: this.passphrase.value });
    this.go.disabled = false;
    this.passphrase.value = '';
    if (said === null) this.failed(AWAY);
    else if (said.code === ENDED) this.over(said);
    else if (said.code === 'passphrase_required')
      this.ask('A study was shared with you', said.detail ?? '', 'Open', true);
    else if (said.code !== undefined) this.failed(said.detail ?? AWAY);
    else this.let(said as Known);
  }

  private let(known: Known): void {
    this.dialog.close();
    this.lobby.entered(known, known.study ?? '');
  }

  private failed(words: string): void {
    if (!this.dialog.open) this.ask('A study was shared with you', '', 'Try again');
    say(this.state, words);
  }

  /** What the server said; null when it did not. */
  private async said(
    asked: object,
    signal: AbortSignal | null = null,
  ): Promise<(Said & Partial<Known>) | null> {
    try {
      const response = await this.lobby.fetch(ENTRANCE, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        cache: 'no-store',
        signal,
        body: JSON.stringify({ secret: this.secret, ...asked }),
      });
      return (await response.json()) as Said & Partial<Known>;
    } catch {
      return null;
    }
  }

  private async leave(): Promise<void> {
    // Else a look at the session, which ends now, would ask the link again.
    this.secret = '';
    await this.lobby.close();
    this.end('The study is closed', 'The link opens it again, until it ends.');
  }

  private over({ detail }: Said): void {
    this.end('This link has ended', detail ?? '');
  }

  private end(title: string, words: string): void {
    this.secret = '';
    this.lobby.clear();
    this.ask(title, words, '');
  }

  private ask(title: string, words: string, go: string, isLocked = false): void {
    say(this.title, title);
    say(this.words, words);
    say(this.state, '');
    say(this.go, go);
    this.form.hidden = go === '';
    this.label.hidden = !isLocked;
    this.passphrase.required = isLocked;
    if (!this.dialog.open) this.dialog.showModal();
    if (isLocked) this.passphrase.focus();
  }
}

/** "3 Dec 2026, 14:05", in the reader's own time. */
export function moment(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleString('en-GB', {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
}
