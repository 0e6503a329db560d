/** Signing in, over whatever the page shows: what it loads waits meanwhile, and then goes on. */
import { button, el, say } from './dom.ts';

const SESSION = 'api/session';

interface Known {
  readonly name: string;
  readonly role: string;
  /** False where nobody has to sign in. */
  readonly sign_in: boolean;
}

export interface Hall {
  readonly fetch: typeof globalThis.fetch;
  readonly host: HTMLElement;
  /** Somebody is signed in again: who waits may go on. */
  readonly opened: () => void;
  readonly reload: () => void;
}

/** Watches the answers of everything the page asks; the first 401 brings the question up. */
export class Doorman {
  /** Who is signed in, and the way out. */
  readonly node = el('span', { class: 'who', hidden: true });
  private readonly who = el('span', { class: 'who-name' });
  private readonly dialog = el('dialog', { class: 'help sign-in', 'aria-label': 'Sign in' });
  private readonly name = field('name', 'text', 'username');
  private readonly password = field('password', 'password', 'current-password');
  private readonly state = el('p', { class: 'sign-in-state', role: 'alert' });
  private readonly go = el('button', { type: 'submit', class: 'primary' }, 'Sign in');

  constructor(private readonly hall: Hall) {
    this.node.append(
      this.who,
      button('Sign out', 'quiet', () => void this.leave()),
    );
    const form = el(
      'form',
      { method: 'dialog' },
      el('h2', { class: 'help-title' }, 'Sign in'),
      el('label', {}, 'Name', this.name),
      el('label', {}, 'Password', this.password),
      this.state,
      this.go,
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.enter();
    });
    this.dialog.append(form);
    // Behind it is a page for people who have signed in; the keys typed here are not its commands.
    this.dialog.addEventListener('cancel', (event) => event.preventDefault());
    this.dialog.addEventListener('keydown', (event) => event.stopPropagation());
    hall.host.append(this.dialog);
  }

  /** What the page asks its questions with. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await this.hall.fetch(input, init);
    if (response.status === 401) this.ask();
    return response;
  };

  /** At the start: who is here already. */
  async look(): Promise<void> {
    const response = await this.fetch(SESSION, { cache: 'no-store' }).catch(() => null);
    if (response?.ok === true) this.greet((await response.json()) as Known);
  }

  private ask(): void {
    if (this.dialog.open) return;
    this.password.value = '';
    this.dialog.showModal();
    (this.name.value === '' ? this.name : this.password).focus();
  }

  private async enter(): Promise<void> {
    this.go.disabled = true;
    say(this.state, '');
    try {
      await this.enterWith(
        JSON.stringify({ name: this.name.value, password: this.password.value }),
      );
    } catch {
      say(this.state, 'The server does not answer. Try again.');
    } finally {
      this.go.disabled = false;
      this.password.value = '';
      if (this.dialog.open) this.password.focus();
    }
  }

  private async enterWith(body: string): Promise<void> {
    const response = await this.hall.fetch(SESSION, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      cache: 'no-store',
      body,
    });
    const answer = (await response.json()) as Partial<Known> & { readonly detail?: string };
    if (!response.ok) return say(this.state, answer.detail ?? 'That did not work. Try again.');
    const before = this.who.textContent;
    this.greet(answer as Known);
    this.dialog.close();
    // Another reader must not find what the one before had open.
    if (before !== '' && before !== this.who.textContent) this.hall.reload();
    else this.hall.opened();
  }

  private async leave(): Promise<void> {
    await this.hall.fetch(SESSION, { method: 'DELETE' }).catch(() => null);
    this.hall.reload();
  }

  private greet(known: Known): void {
    say(this.who, known.name);
    this.who.title = known.role;
    this.node.hidden = !known.sign_in;
  }
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
