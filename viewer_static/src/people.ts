/** The page of accounts: who may sign in, as what, and within which studies. */
import { button, el } from './dom.ts';
import { row, type SideDeps, SidePage, table } from './side.ts';

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

const USERS = 'api/users';
const HEADS = ['Name', 'Role', 'Reaches', 'State', ''];
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

export class PeoplePage extends SidePage {
  private readonly adding = el('form', { class: 'people-add' });

  constructor(deps: SideDeps) {
    super(deps, 'Users');
    this.adding.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.add();
    });
  }

  protected async refresh(signal: AbortSignal): Promise<void> {
    const { users, roles } = (await this.json(USERS, signal)) as People;
    if (signal.aborted) return;
    const rows = users.map((person) => this.row(person, roles));
    this.offer(roles);
    this.body.replaceChildren(table(HEADS, rows), this.adding);
  }

  private offer(roles: readonly string[]): void {
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
    role.addEventListener('change', () => void this.alter(person, { role: role.value }));
    const state = person.disabled ? 'Disabled' : 'Active';
    const emergency = person.break_glass ? ' and, in an emergency, others' : '';
    const words = `${within(person.restriction)}${emergency}`;
    return row(person.name, role, words, state, this.acts(person));
  }

  private acts(person: Person): HTMLElement {
    const turn = person.disabled ? 'Enable' : 'Disable';
    return el(
      'div',
      { class: 'people-acts' },
      button('Restrict', 'quiet', () => this.restrict(person)),
      person.restriction === null ? null : this.granting(person),
      button('New password', 'quiet', () => this.renew(person)),
      button(turn, 'quiet', () => void this.alter(person, { disabled: !person.disabled })),
    );
  }

  private granting(person: Person): HTMLElement {
    const may = !person.break_glass;
    const label = may ? 'Grant emergency access' : 'No emergency access';
    return button(label, 'quiet', () => void this.alter(person, { break_glass: may }));
  }

  private add(): Promise<void> {
    const asked = Object.fromEntries(new FormData(this.adding));
    return this.told(USERS, asked, `${String(asked.name)} may sign in now.`);
  }

  private alter(person: Person, asked: object): Promise<void> {
    const path = `${USERS}/${encodeURIComponent(person.name)}`;
    return this.told(path, asked, `Changed. ${person.name} is signed out everywhere.`);
  }

  /** What was refused is shown as it still is: a role chosen here goes back. */
  private async told(path: string, asked: object, done: string): Promise<void> {
    const { signal } = this.leaving;
    const answer = await this.change('POST', path, asked, done);
    if (answer === null) await this.refresh(signal).catch(() => undefined);
  }

  private restrict(person: Person): void {
    const fields = KINDS.map((kind) => {
      const value = person.restriction?.[kind].join(', ') ?? '';
      return el('input', { name: kind, type: 'text', value, autocomplete: 'off' });
    });
    this.ask(
      `Studies that ${person.name} reaches`,
      'A study is reached that has one of each kind named here, separated by commas. Nothing named: all studies.',
      fields,
      (text) => void this.alter(person, { restriction: limitsOf(text as never) }),
    );
  }

  private renew(person: Person): void {
    const input = el('input', { name: 'password', type: 'password', autocomplete: 'new-password' });
    this.ask(
      `New password for ${person.name}`,
      'Tell it to its owner; nobody can read it here again.',
      [input],
      ({ password }) => void this.alter(person, { password }),
    );
  }

  private ask(
    title: string,
    words: string,
    fields: readonly HTMLInputElement[],
    done: (text: Record<string, string>) => void,
  ): void {
    const labels = fields.map((input) => el('label', {}, input.name, input));
    const form = this.show(title, words, 'Save', ...labels);
    form.addEventListener('submit', () =>
      done(Object.fromEntries(fields.map(({ name, value }) => [name, value]))),
    );
  }
}
