/** The page of sessions: where one is signed in, and the way to end that. */
import { button, el, say } from './dom.ts';
import { row, type SideDeps, SidePage, table, when } from './side.ts';
import { plural } from './text.ts';

interface Session {
  readonly name: string;
  readonly user: string;
  readonly address: string;
  readonly began: string;
  readonly seen: string;
  readonly current: boolean;
  /** Studies out of reach that it has open in an emergency. */
  readonly emergency: number;
}

const SESSIONS = 'api/sessions';
const HEADS = ['User', 'Address', 'Since', 'Last used', ''];

export class SessionsPage extends SidePage {
  constructor(deps: SideDeps) {
    super(
      deps,
      'Sessions',
      button('End all my others', 'quiet', () => void this.endOthers()),
    );
  }

  protected async refresh(signal: AbortSignal): Promise<void> {
    const { sessions } = (await this.json(SESSIONS, signal)) as {
      readonly sessions: readonly Session[];
    };
    if (signal.aborted) return;
    say(this.note, '');
    this.body.replaceChildren(
      table(
        HEADS,
        sessions.map((one) => this.row(one)),
      ),
    );
  }

  private row(one: Session): HTMLElement {
    const act = one.current
      ? el('span', { class: 'quiet' }, 'This one')
      : button('End', 'quiet', () => void this.end(one));
    act.setAttribute('aria-label', `${act.textContent}: ${one.user}, ${one.address}`);
    const acts = el('div', { class: 'people-acts' }, this.emergency(one), act);
    return row(one.user, one.address, when(one.began), when(one.seen), acts);
  }

  private emergency(one: Session): HTMLElement | null {
    if (one.emergency === 0) return null;
    const label = `End emergency access (${plural(one.emergency, 'study', 'studies')})`;
    const done = `The emergency access of ${one.user} has ended.`;
    return button(
      label,
      'quiet',
      () => void this.change('POST', 'api/glass/end', { session: one.name }, done),
    );
  }

  private end(one: Session): Promise<unknown> {
    const path = `${SESSIONS}/${encodeURIComponent(one.name)}`;
    return this.change('DELETE', path, null, `A session of ${one.user} has ended.`);
  }

  private async endOthers(): Promise<void> {
    const told = (await this.change('DELETE', SESSIONS, null, '')) as { ended: number } | null;
    if (told !== null) say(this.note, `${plural(told.ended, 'session')} of yours ended.`);
  }
}
