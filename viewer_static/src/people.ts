/** The page of accounts: who may sign in, as what, and within which studies. */
import { button, el, say } from './dom.ts';
import { recognised } from './errors.ts';
import type { Transport } from './transport.ts';

type Limits = Readonly<Record<'labels' | 'institutions' | 'modalities', readonly string[]>>;

interface Person {
  readonly name: string;
  readonly role: string;
  readonly disabled: boolean;
  readonly restriction: Limits | null;
  /** May open single studies out of reach in an emergency. */
  readonly break_glass: boolean;
}

interface People {
  readonly users: readonly Person[];
  readonly roles: readonly string[];
}

export interface PeopleDeps {
  readonly transport: Transport;
  readonly back: () => void;
}

const USERS = 'api/users';
const KINDS = ['labels', 'institutions', 'modalities'] as const;

/** "labels: trial, ward 3; modalities: mr", or what an unrestricted account reaches. */
export function within(limits: Limits | null): string {
  if (limits === null) return 'All studies';
  return KINDS.filter((kind) => limits[kind].length > 0)
    .map((kind) => `${kind}: ${limits[kind].join(', ')}`)
    .join('; ');
}

/** The other way; null for a text that names nothing. */
export function limitsOf(text: Readonly<Record<keyof Limits, string>>): Limits | null {
  const each = (kind: keyof Limits) =>
    text[kind]
      .split(',')
      .map((value) => value.trim())
      .filter((value) => value !== '');
  const [labels, institutions, modalities] = KINDS.map(each);
  const found = {
    labels: labels ?? [],
    institutions: institutions ?? [],
    modalities: modalities ?? [],
  };
  return KINDS.some((kind) => found[kind].length > 0) ? found : null;
}

export class PeoplePage {
  readonly node: HTMLElement;
  private readonly note = el('p', { class: 'list-note', role: 'status' });
  private readonly rows = el('tbody');
  private readonly adding = el('form', { class: 'people-add' });
  private readonly limiting = el('dialog', { class: 'ask people-ask' });
  private giveUp = new AbortController();

  constructor(private readonly deps: PeopleDeps) {
    const head = el(
      'header',
      { class: 'list-head figures-head' },
      button('Back', 'quiet', () => deps.back()),
      el('h1', {}, 'Users'),
    );
    const names = ['Name', 'Role', 'Reaches', 'State', ''].map((name) => el('th', {}, name));
    const table = el(
      'table',
      { class: 'people' },
      el('thead', {}, el('tr', {}, ...names)),
      this.rows,
    );
    const body = el('div', { class: 'figures-body' }, table, this.adding);
    this.node = el('main', { class: 'figures' }, head, this.note, body, this.limiting);
    this.adding.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.add();
    });
  }

  start(): void {
    void this.load();
  }

  close(): void {
    this.giveUp.abort();
    this.limiting.close();
  }

  key(event: KeyboardEvent): void {
    if (event.key === 'Escape' && !this.limiting.open) this.deps.back();
  }

  private async load(): Promise<void> {
    this.giveUp.abort();
    this.giveUp = new AbortController();
    const { signal } = this.giveUp;
    try {
      const found = (await this.deps.transport.json(USERS, { signal })) as People;
      if (!signal.aborted) this.show(found);
    } catch (thrown) {
      if (!signal.aborted) this.failed(thrown);
    }
  }

  private show({ users, roles }: People): void {
    this.rows.replaceChildren(...users.map((person) => this.row(person, roles)));
    const field = (name: string, type: string, label: string) =>
      el('label', {}, label, el('input', { name, type, required: true, autocomplete: 'off' }));
    const options = roles.map((role) => el('option', { value: role }, role));
    this.adding.replaceChildren(
      field('name', 'text', 'Name'),
      el('label', {}, 'Role', el('select', { name: 'role' }, ...options)),
      field('password', 'password', 'First password'),
      el('button', { type: 'submit', class: 'primary' }, 'Add user'),
    );
  }

  private row(person: Person, roles: readonly string[]): HTMLElement {
    const role = el('select', { 'aria-label': `Role of ${person.name}` });
    role.append(...roles.map((name) => el('option', { value: name }, name)));
    role.value = person.role;
    role.addEventListener('change', () => void this.change(person, { role: role.value }));
    const state = person.disabled ? 'Disabled' : 'Active';
    const turn = person.disabled ? 'Enable' : 'Disable';
    const acts = el(
      'td',
      { class: 'people-acts' },
      button('Restrict', 'quiet', () => this.restrict(person)),
      person.restriction === null ? null : this.granting(person),
      button('New password', 'quiet', () => this.renew(person)),
      button(turn, 'quiet', () => void this.change(person, { disabled: !person.disabled })),
    );
    const emergency = person.break_glass ? ' and, in an emergency, others' : '';
    const words = el('td', {}, `${within(person.restriction)}${emergency}`);
    return el(
      'tr',
      {},
      el('td', {}, person.name),
      el('td', {}, role),
      words,
      el('td', {}, state),
      acts,
    );
  }

  private granting(person: Person): HTMLElement {
    const may = !person.break_glass;
    const label = may ? 'Grant emergency access' : 'No emergency access';
    return button(label, 'quiet', () => void this.change(person, { break_glass: may }));
  }

  private add(): Promise<void> {
    const asked = Object.fromEntries(new FormData(this.adding));
    return this.told(USERS, asked, `${String(asked.name)} may sign in now.`);
  }

  private change(person: Person, asked: object): Promise<void> {
    const path = `${USERS}/${encodeURIComponent(person.name)}`;
    return this.told(path, asked, `Changed. ${person.name} is signed out everywhere.`);
  }

  private async told(path: string, asked: object, done: string): Promise<void> {
    const { signal } = this.giveUp;
    try {
      await this.deps.transport.change('POST', path, asked, { signal });
      await this.load();
      say(this.note, done);
    } catch (thrown) {
      this.failed(thrown);
      const found = await this.deps.transport.json(USERS, { signal }).catch(() => null);
      if (found !== null) this.show(found as People);
    }
  }

  private restrict(person: Person): void {
    const fields = KINDS.map((kind) => {
      const value = person.restriction?.[kind].join(', ') ?? '';
      return [kind, el('input', { name: kind, type: 'text', value, autocomplete: 'off' })] as const;
    });
    this.ask(
      `Studies that ${person.name} reaches`,
      'A study is reached that has one of each kind named here, separated by commas. Nothing named: all studies.',
      fields,
      (text) => void this.change(person, { restriction: limitsOf(text as never) }),
    );
  }

  private renew(person: Person): void {
    const input = el('input', { name: 'password', type: 'password', autocomplete: 'new-password' });
    this.ask(
      `New password for ${person.name}`,
      'Tell it to its owner; nobody can read it here again.',
      [['password', input]],
      ({ password }) => void this.change(person, { password }),
    );
  }

  private ask(
    title: string,
    words: string,
    fields: readonly (readonly [string, HTMLInputElement])[],
    done: (text: Record<string, string>) => void,
  ): void {
    const form = el(
      'form',
      { method: 'dialog' },
      el('h2', {}, title),
      el('p', {}, words),
      ...fields.map(([name, input]) => el('label', {}, name, input)),
      el(
        'div',
        { class: 'ask-acts' },
        button('Cancel', 'quiet', () => this.limiting.close()),
        el('button', { type: 'submit', class: 'primary' }, 'Save'),
      ),
    );
    form.addEventListener('submit', () =>
      done(Object.fromEntries(fields.map(([name, input]) => [name, input.value]))),
    );
    this.limiting.replaceChildren(form);
    this.limiting.showModal();
  }

  private failed(thrown: unknown): void {
    const error = recognised(thrown);
    const request = error.requestId === null ? '' : ` Request ${error.requestId}.`;
    say(this.note, `${error.title}. ${error.message}${request}`);
  }
}
