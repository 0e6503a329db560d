/** Signing out: nothing is shown from then on, and it is over when the server has said so, not before. */
import { type Clock, pause } from './clock.ts';
import { button, el, locked, say, set } from './dom.ts';
import type { Known } from './doorman.ts';
import type { Gate } from './gate.ts';
import type { Store } from './preferences.ts';

const SESSION = 'api/session';
/** In this browser while a session is still to end; whose it was is not written down. */
const OWED = 'pacs-proxy.sign-out';
/** A try that hangs for longer is given up, and begun anew. */
const ANSWER_MS = 10_000;
const AGAIN_MS = 3_000;
/** In place of a status. */
const SILENCE = 0;
const OUT = { title: 'Signing out', still: 'you are still signed in on this browser' };
const CLOSED = {
  title: 'Closing the study',
  still: 'the study can still be opened on this browser',
};
const ASKING = 'The server is asked to end your session.';
const STAY =
  'It is tried again by itself. Do not leave this computer, and do not close the browser, before it has worked.';
const OVER = 'You are signed out.';

export interface Exit {
  readonly fetch: typeof globalThis.fetch;
  readonly host: HTMLElement;
  readonly gate: Gate;
  readonly clock: Clock;
  /** Null where the browser keeps nothing: a page opened anew then knows of no sign-out. */
  readonly storage: Store | null;
  /** Fires `wake` when the network is back. */
  readonly wake: EventTarget;
  /** What this device keeps for whoever signs out. */
  readonly forget: () => Promise<void>;
  /** Nothing of a patient stays on the page. */
  readonly clear: () => void;
  readonly reload: () => void;
  readonly go: (url: string) => void;
}

/** Fires `over` where the page goes on after it, and has nobody signed in. */
export class SignOut extends EventTarget {
  /** Nobody is let in meanwhile. */
  isUnderWay = false;
  private round = new AbortController();
  private about = OUT;
  private readonly dialog = el('dialog', { class: 'sign-out' });
  private readonly title = el('h2');
  private readonly state = el('p', { class: 'sign-in-state', role: 'alert' });
  private readonly words = el('p', { class: 'sign-out-words' });
  private readonly tried = el('p', { class: 'sign-out-tried' });
  private readonly again = button('Try again', 'primary', () => this.round.abort());

  constructor(private readonly exit: Exit) {
    super();
    this.again.hidden = true;
    this.dialog.append(this.title, this.state, this.words, this.again, this.tried);
    locked(this.dialog);
    exit.host.append(this.dialog);
    window.addEventListener('storage', (event) => void this.heard(event));
  }

  /** Begun in this browser, and not over. */
  get isOwed(): boolean {
    return this.exit.storage?.getItem(OWED) === '1';
  }

  /** They want to leave; a page opened from now on goes on with it. */
  leave(): Promise<void> {
    this.owe();
    return this.begin();
  }

  /** Nothing stays on the page, which begins anew when the session has ended. */
  async begin(): Promise<void> {
    if (this.isUnderWay) return;
    const { clear, forget, reload, go } = this.exit;
    this.cover(OUT);
    clear();
    const forgotten = forget().catch(() => undefined);
    const elsewhere = await this.ended();
    await forgotten;
    this.over();
    if (elsewhere === '') reload();
    else go(elsewhere);
  }

  /** As a guest does, whose page says by itself what comes next. */
  async close(): Promise<void> {
    if (this.isUnderWay) return;
    this.owe();
    this.cover(CLOSED);
    this.exit.clear();
    await this.ended();
    this.uncover();
  }

  /** A new session has begun, and the one that was to end has ended by that. */
  replaced(): void {
    this.exit.storage?.removeItem(OWED);
  }

  private owe(): void {
    try {
      this.exit.storage?.setItem(OWED, '1');
    } catch {
      // Full, or forbidden: then this page alone knows.
    }
  }

  private cover(about: typeof OUT): void {
    const { gate } = this.exit;
    this.isUnderWay = true;
    this.about = about;
    say(this.title, about.title);
    set(this.dialog, 'aria-label', about.title);
    say(this.words, ASKING);
    this.dialog.showModal();
    gate.refused(gate.pass);
  }

  private uncover(): void {
    this.over();
    this.dialog.close();
    this.isUnderWay = false;
  }

  /** Another page of this browser signs out: what is under way here waits, as when a session ends by itself. */
  private async heard({ key, newValue }: StorageEvent): Promise<void> {
    if (key !== OWED || newValue === null || this.isUnderWay) return;
    const { gate, clock, go } = this.exit;
    // Over already. Who is signed in by now is asked at the gate.
    if (!this.isOwed) return gate.refused(gate.pass);
    this.cover(OUT);
    // That page first: it is told where else to sign out.
    await pause(clock, AGAIN_MS, this.round.signal);
    const elsewhere = await this.ended();
    if (elsewhere !== '') return go(elsewhere);
    this.uncover();
    this.dispatchEvent(new Event('over'));
  }

  /** Asks until the session is over; where the browser goes then, if not back here. */
  private async ended(): Promise<string> {
    const { clock, wake } = this.exit;
    for (;;) {
      this.round = new AbortController();
      const said = await this.asked(this.round.signal);
      if (typeof said === 'string') return said;
      this.failed(said);
      await pause(clock, AGAIN_MS, this.round.signal, wake);
    }
  }

  /** Where to go, or the status that did not end it. */
  private async asked(round: AbortSignal): Promise<string | number> {
    const giveUp = new AbortController();
    const stop = () => giveUp.abort();
    const cancel = this.exit.clock.after(ANSWER_MS, stop);
    round.addEventListener('abort', stop);
    try {
      return await this.answered(giveUp.signal);
    } catch {
      return SILENCE;
    } finally {
      cancel();
    }
  }

  private async answered(signal: AbortSignal): Promise<string | number> {
    const { fetch, gate } = this.exit;
    const who = await fetch(SESSION, { cache: 'no-store', signal });
    if (who.status === 401) return this.done();
    if (!who.ok) return who.status;
    const { change_token: token = '' } = (await who.json()) as Known;
    // Somebody has signed in meanwhile, which ended the session that was to end.
    if (!['', token].includes(gate.token)) return '';
    gate.token = token;
    const answer = await fetch(SESSION, { method: 'DELETE', headers: gate.headers, signal });
    if (answer.status === 200)
      return this.done(((await answer.json()) as { readonly elsewhere: string }).elsewhere);
    return [204, 401].includes(answer.status) ? this.done() : answer.status;
  }

  private done(elsewhere = ''): string {
    this.exit.storage?.removeItem(OWED);
    return elsewhere;
  }

  private failed(status: number): void {
    const cause =
      status === SILENCE
        ? 'The server does not answer'
        : `The server could not do it (HTTP ${status})`;
    say(this.state, `${cause}: ${this.about.still}.`);
    say(this.words, STAY);
    const when = new Date(this.exit.clock.now()).toLocaleTimeString('en-GB');
    say(this.tried, `Last tried at ${when}.`);
    if (!this.again.hidden) return;
    this.again.hidden = false;
    this.again.focus();
  }

  /** Stays on the page where an upload has its reader choose not to leave it. */
  private over(): void {
    say(this.state, '');
    say(this.words, OVER);
    say(this.tried, '');
    this.again.hidden = true;
  }
}
