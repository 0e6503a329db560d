/** Signing in, over whatever the page shows: what it loads waits at the gate, and then goes on. */
import './doorman.css';
import { wallClock } from './clock.ts';
import { button, el, locked, say } from './dom.ts';
import type { Gate } from './gate.ts';
import type { Guest } from './guest.ts';
import { Idle } from './idle.ts';
import type { SignOut } from './sign-out.ts';

const SESSION = 'api/session';
const PROVIDER = 'api/session/oidc';
const SET_UP = 'api/session/set-up';
const FIRST =
  'Nobody has an account here yet. The server printed a set-up secret as it started: give it here, and choose the name and the password of the first administrator.';
/** How the address says why the identity provider's word was not taken. */
const REFUSED = '#sign-in=';
const WHY = new Map([
  ['no_role', 'Your account there has no role here. Ask your administrator for one.'],
  ['account_disabled', 'Your account is disabled here. Ask your administrator.'],
  ['proof_too_weak', 'Sign in there with a stronger means, such as a second factor.'],
  ['provider_unavailable', 'The identity provider does not answer. Try again.'],
  ['identity_refused', 'What the identity provider said could not be proven. Try again.'],
  ['too_many_tries', 'Too many sign in at this moment. Wait ten minutes.'],
]);
const ENDED = 'Your session has ended. Sign in, and everything goes on where it was.';
const FAILED = 'Signing in did not work just now. Try again in a moment.';

export interface Known {
  readonly name: string;
  readonly role: string;
  /** False where nobody has to sign in. */
  readonly sign_in: boolean;
  readonly change_token?: string;
  readonly permissions?: readonly string[];
  readonly idle_seconds: number;
  /** May be given the archive's own address when nothing else helps. */
  readonly direct?: boolean;
  /** Days that a link may last at most; 0 for who may make none. */
  readonly share_days?: number;
  readonly share_passphrase?: boolean;
  /** A guest's one study, and the second since 1970 when his link ends. */
  readonly study?: string;
  readonly until?: number;
}

/** How one can sign in. */
interface Ways {
  readonly password: boolean;
  readonly provider: string | null;
  /** Nobody has an account yet: the first can be made here. */
  readonly set_up?: boolean;
}

export interface Hall {
  readonly fetch: typeof globalThis.fetch;
  readonly host: HTMLElement;
  readonly gate: Gate;
  readonly reload: () => void;
  readonly guest: Guest;
  readonly signOut: SignOut;
  /** Somebody is here. */
  readonly greeted: (known: Known) => void;
}

/** Asks who it is when the gate shuts, and opens it. */
export class Doorman {
  /** Who is signed in, and the way out. */
  readonly node = el('span', { class: 'who', hidden: true });
  private readonly who = el('span', { class: 'who-name' });
  private readonly dialog = el('dialog', { class: 'sign-in', 'aria-label': 'Sign in' });
  private readonly name = field('name', 'text', 'username');
  private readonly password = field('password', 'password', 'current-password');
  private readonly secret = field('secret', 'text', 'off');
  private readonly secretLabel = el('label', { hidden: true }, 'Set-up secret', this.secret);
  private readonly why = el('p', { class: 'sign-in-why' });
  private readonly state = el('p', { class: 'sign-in-state', role: 'alert' });
  private readonly ending = el('p', { class: 'idle', role: 'status', hidden: true });
  private readonly idle = new Idle({
    clock: wallClock,
    present: () => void this.look({ 'X-Present': '1' }),
    warn: (ending) => {
      this.ending.hidden = !ending;
    },
  });
  private readonly go = el('button', { type: 'submit', class: 'primary' }, 'Sign in');
  private readonly form: HTMLFormElement;
  private readonly provider = el('a', { class: 'sign-in-provider', href: PROVIDER, hidden: true });
  private refusal: string;

  constructor(private readonly hall: Hall) {
    this.node.append(
      this.who,
      button('Sign out', 'quiet', () => void hall.signOut.leave()),
    );
    this.refusal = refusal();
    this.form = el(
      'form',
      { method: 'dialog' },
      this.secretLabel,
      el('label', {}, 'Name', this.name),
      el('label', {}, 'Password', this.password),
      this.go,
    );
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.enter();
    });
    this.dialog.append(el('h2', {}, 'Sign in'), this.why, this.state, this.provider, this.form);
    this.first(false);
    // Behind it is a page for people who have signed in.
    locked(this.dialog);
    say(
      this.ending,
      'Nothing was done for a while: in a minute you will be signed out. Any key goes on.',
    );
    hall.host.append(this.dialog, this.ending);
    for (const kind of ['keydown', 'pointerdown', 'pointermove', 'wheel'])
      window.addEventListener(kind, () => this.idle.touched(), { passive: true, capture: true });
    hall.gate.addEventListener('shut', () => void this.answer());
    hall.signOut.addEventListener('over', () => void this.answer());
    // Whoever was reading signs in with the provider in another tab, and comes back.
    window.addEventListener('focus', () => {
      if (this.dialog.open) void this.answer();
    });
  }

  /** At the start, and now and then: who is here already. */
  async look(headers: Record<string, string> = {}): Promise<void> {
    const { gate, signOut } = this.hall;
    const { pass } = gate;
    if (signOut.isUnderWay) return;
    const response = await this.session(headers);
    if (response?.status === 401) gate.refused(pass);
    if (response?.ok !== true) return;
    const known = (await response.json()) as Known;
    if (this.isLate(pass)) return;
    if (this.isAnother(known)) this.hall.reload();
    else this.greet(known);
  }

  /** The gate has shut; perhaps somebody has signed in again in another window. */
  private async answer(): Promise<void> {
    const { gate, guest, signOut } = this.hall;
    const { pass } = gate;
    if (signOut.isUnderWay) return;
    const response = await this.session();
    const known = response?.ok === true ? ((await response.json()) as Known) : null;
    const offered = known === null ? await ways(response) : null;
    if (this.isLate(pass)) return;
    if (known !== null) this.enterAs(known);
    else if (guest.isHere) await guest.again();
    else this.ask(offered);
  }

  /** Somebody came in meanwhile, or is leaving: who was here before, or nobody, is no news. */
  private isLate(pass: number): boolean {
    const { gate, signOut } = this.hall;
    return gate.pass !== pass || signOut.isUnderWay;
  }

  private session(headers: Record<string, string> = {}): Promise<Response | null> {
    return this.hall.fetch(SESSION, { cache: 'no-store', headers }).catch(() => null);
  }

  private ask(known: Ways | null): void {
    if (this.dialog.open) return;
    this.ending.hidden = true;
    if (known !== null) this.offer(known);
    const isFirst = known?.set_up === true;
    const before = this.who.textContent;
    this.password.value = '';
    if (this.name.value === '') this.name.value = before;
    say(this.why, isFirst ? FIRST : before === '' ? '' : ENDED);
    say(this.state, this.refusal);
    this.refusal = '';
    this.dialog.showModal();
    if (this.form.hidden) this.provider.focus();
    else (this.name.value === '' ? this.name : this.password).focus();
  }

  private offer(known: Ways): void {
    this.form.hidden = !known.password;
    this.provider.hidden = known.provider === null;
    this.first(known.set_up === true);
    say(this.provider, `Sign in with ${known.provider ?? ''}`);
    // What is open here stays open.
    this.provider.target = this.who.textContent === '' ? '' : '_blank';
  }

  private first(isIt: boolean): void {
    this.secretLabel.hidden = !isIt;
    this.secret.disabled = !isIt;
    this.password.autocomplete = isIt ? 'new-password' : 'current-password';
    say(this.go, isIt ? 'Make the first account' : 'Sign in');
  }

  private async enter(): Promise<void> {
    this.go.disabled = true;
    say(this.state, '');
    const said = { name: this.name.value, password: this.password.value };
    try {
      if (this.secret.disabled || (await this.made({ ...said, secret: this.secret.value })))
        await this.enterWith(JSON.stringify(said));
    } catch {
      say(this.state, 'The server does not answer. Try again.');
    } finally {
      this.go.disabled = false;
      this.password.value = '';
      if (this.dialog.open) this.password.focus();
    }
  }

  /** The first account; once it is there, signing in is all that is asked. */
  private async made(said: object): Promise<boolean> {
    const response = await this.post(SET_UP, JSON.stringify(said));
    if (response.ok || response.status === 404) this.first(false);
    if (response.ok) return true;
    const answer = (await response.json()) as { readonly detail?: string };
    say(this.state, answer.detail ?? 'That did not work. Try again.');
    return false;
  }

  private post(path: string, body: string): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' };
    return this.hall.fetch(path, { method: 'POST', headers, cache: 'no-store', body });
  }

  private async enterWith(body: string): Promise<void> {
    const response = await this.post(SESSION, body);
    const answer = (await response.json()) as Partial<Known> & { readonly detail?: string };
    if (!response.ok) return say(this.state, answer.detail ?? 'That did not work. Try again.');
    this.hall.signOut.replaced();
    this.enterAs(answer as Known);
  }

  /** In again: what waits goes on; the page of somebody else begins anew. */
  enterAs(known: Known): void {
    const isAnother = this.isAnother(known);
    this.greet(known);
    if (isAnother) this.hall.reload();
    else {
      this.dialog.close();
      this.hall.gate.open();
    }
  }

  /** Who must not find what the one before had open; one browser has one session. */
  private readonly isAnother = ({ name }: Known) => !['', name].includes(this.who.textContent);

  private greet(known: Known): void {
    this.hall.gate.token = known.change_token ?? '';
    say(this.who, known.name);
    this.who.title = known.role;
    this.node.hidden = !known.sign_in;
    // What a page offers hangs on these (styles.css); what is allowed, the server decides.
    const may = new Set(known.permissions);
    document.body.toggleAttribute('data-direct', known.direct === true);
    document.body.toggleAttribute('data-operates', may.has('operate'));
    document.body.toggleAttribute('data-manages', may.has('account.manage') && known.sign_in);
    document.body.toggleAttribute('data-audits', may.has('audit.read'));
    document.body.toggleAttribute('data-owns', may.has('own.access') && known.sign_in);
    document.body.toggleAttribute('data-glass', may.has('study.break_glass'));
    const { dataset } = document.body;
    if ((known.share_days ?? 0) > 0) dataset.shareDays = String(known.share_days);
    else delete dataset.shareDays;
    document.body.toggleAttribute('data-share-passphrase', known.share_passphrase === true);
    this.hall.guest.greeted(known);
    this.hall.greeted(known);
    if (known.sign_in) this.idle.begin(known.idle_seconds * 1_000);
  }
}

async function ways(response: Response | null): Promise<Ways | null> {
  const told = (await response?.json().catch(() => null)) as { readonly ways?: Ways } | null;
  return told?.ways ?? null;
}

/** Why the identity provider's word was not taken, once: the address does not keep it. */
function refusal(): string {
  if (!location.hash.startsWith(REFUSED)) return '';
  const code = location.hash.slice(REFUSED.length);
  history.replaceState(null, '', location.pathname);
  return WHY.get(code) ?? FAILED;
}

function field(name: string, type: string, autocomplete: string): HTMLInputElement {
  return el('input', {
    name,
    type,
    autocomplete,
    required: true,
    maxlength: '128',
    autocapitalize: 'off',
    spellcheck: 'false',
  });
}
