/** The page of the audit journal: who did what, when, and whether the journal is as it was written. */
import { button, el, say } from './dom.ts';
import { row, type SideDeps, SidePage, table, when } from './side.ts';
import { grouped } from './text.ts';

interface Entry {
  readonly seq: number;
  readonly at: string;
  readonly event: string;
  readonly outcome: string;
  readonly principal: string;
  readonly address: string;
  readonly study: string;
  readonly study_uid: string;
  readonly patient: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

interface Chain {
  readonly whole: boolean;
  readonly sound: number;
  readonly broken: number | null;
  readonly reason: string;
}

const HEADS = ['No.', 'Time', 'User', 'From', 'Action', 'Outcome', 'Patient', 'Study', 'Details'];
const LIMIT = 100;
const ACTIONS = [
  ...['session.begun', 'session.ended', 'session.revoked', 'access.denied'],
  ...['study.searched', 'study.read', 'study.exported', 'study.counted', 'study.measured'],
  ...['study.emergency', 'study.deleted', 'upload.begun', 'upload.cancelled', 'upload.reported'],
  ...['conflict.decided', 'account.changed', 'token.changed', 'audit.used'],
];

/** What is asked of the server: what was filled in, moments in UTC. */
export function query(filled: Readonly<Record<string, string>>): URLSearchParams {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(filled)) {
    if (value.trim() === '') continue;
    const isMoment = name === 'since' || name === 'until';
    asked.set(name, isMoment ? new Date(value).toISOString() : value.trim());
  }
  return asked;
}

/** "terms: patient_id P1; shown: 3", for one line. */
export function told(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${plain(value)}`)
    .join('; ');
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(', ');
  if (value === null || typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([name, each]) => `${name} ${plain(each)}`)
    .join(', ');
}

export function verdict({ whole, sound, broken, reason }: Chain): string {
  if (whole) return `Unbroken: all ${grouped(sound)} records follow from each other.`;
  return broken === null ? reason : `Broken at record ${grouped(broken)}. ${reason}`;
}

export class AuditPage extends SidePage {
  private readonly form = el('form', { class: 'people-add audit-form' });
  private readonly chain = el('p', { class: 'audit-chain', role: 'status' });
  private readonly found = el('div', { class: 'audit-found' });
  private readonly newer = button('Newer', 'quiet', () => this.turn(false));
  private readonly older = button('Older', 'quiet', () => this.turn(true));
  /** The `before` of each page so far; the last is the one on screen. */
  private path: (number | null)[] = [null];
  private next: number | null = null;

  constructor(deps: SideDeps) {
    super(
      deps,
      'Audit',
      button('As a table (CSV)', 'quiet', () => void this.keep()),
    );
    const field = (name: string, type: string, label: string) =>
      el('label', {}, label, el('input', { name, type, autocomplete: 'off' }));
    const options = ACTIONS.map((name) => el('option', { value: name }, name));
    this.form.append(
      field('patient', 'text', 'Patient ID'),
      field('user', 'text', 'User'),
      field('study', 'text', 'Study (UID)'),
      el('label', {}, 'Action', el('select', { name: 'action' }, el('option', {}), ...options)),
      field('since', 'datetime-local', 'From'),
      field('until', 'datetime-local', 'To'),
      el('button', { type: 'submit', class: 'primary' }, 'Search'),
    );
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.path = [null];
      void this.load();
    });
    const pager = el('div', { class: 'people-acts' }, this.newer, this.older);
    this.body.append(this.chain, this.form, this.found, pager);
  }

  override start(): void {
    super.start();
    void this.judge();
  }

  protected async refresh(signal: AbortSignal): Promise<void> {
    const asked = this.asked();
    const before = this.path.at(-1) ?? null;
    asked.set('limit', String(LIMIT));
    if (before !== null) asked.set('before', String(before));
    const { items, next } = (await this.json(`api/audit?${asked}`, signal)) as {
      readonly items: readonly Entry[];
      readonly next: number | null;
    };
    if (signal.aborted) return;
    this.next = next;
    this.newer.disabled = this.path.length < 2;
    this.older.disabled = next === null;
    say(this.note, items.length === 0 ? 'The journal has no such record.' : '');
    this.found.replaceChildren(table(HEADS, items.map(line)));
  }

  private asked(): URLSearchParams {
    const filled = [...new FormData(this.form)].map(([name, value]) => [name, String(value)]);
    return query(Object.fromEntries(filled) as Record<string, string>);
  }

  private turn(isOlder: boolean): void {
    if (isOlder) this.path.push(this.next);
    else this.path.pop();
    void this.load().then(() => this.body.scrollTo(0, 0));
  }

  private async judge(): Promise<void> {
    say(this.chain, 'The journal is being read …');
    this.chain.removeAttribute('data-state');
    const watch = { signal: this.leaving.signal };
    try {
      const found = (await this.deps.transport.json('api/audit/chain', watch, 60_000)) as Chain;
      this.chain.dataset.state = found.whole ? 'whole' : 'broken';
      say(this.chain, verdict(found));
    } catch {
      if (watch.signal.aborted) return;
      say(this.chain, 'Whether the journal is unbroken could not be found out just now.');
    }
  }

  /** The newest of what was searched, as a file. */
  private async keep(): Promise<void> {
    try {
      const path = `api/audit/csv?${this.asked()}`;
      const blob = await this.deps.transport.picture(
        path,
        { signal: this.leaving.signal },
        'text/csv',
      );
      const url = URL.createObjectURL(blob);
      el('a', { href: url, download: 'audit.csv' }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (thrown) {
      this.failed(thrown);
    }
  }
}

function line(entry: Entry): HTMLElement {
  const study = entry.study_uid || entry.study;
  const opens = el('a', { href: `#/studies/${entry.study}`, title: study }, study);
  const detail = told(entry.detail);
  return row(
    grouped(entry.seq),
    when(entry.at),
    entry.principal,
    entry.address,
    entry.event,
    entry.outcome,
    entry.patient,
    entry.study === '' ? '' : opens,
    el('span', { class: 'audit-detail', title: detail }, detail),
  );
}
