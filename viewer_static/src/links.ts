/** The page of links: what is shared with people outside, by whom and until when. */
import { button, el, say } from './dom.ts';
import { recognised } from './errors.ts';
import { moment } from './guest.ts';
import type { Share } from './share-dialog.ts';
import type { Transport } from './transport.ts';

export interface LinksDeps {
  readonly transport: Transport;
  readonly back: () => void;
}

const SHARES = 'api/shares';

export class LinksPage {
  readonly node: HTMLElement;
  private readonly note = el('p', { class: 'list-note', role: 'status' });
  private readonly rows = el('tbody');
  private giveUp = new AbortController();

  constructor(private readonly deps: LinksDeps) {
    const head = el(
      'header',
      { class: 'list-head figures-head' },
      button('Back', 'quiet', () => deps.back()),
      el('h1', {}, 'Links'),
    );
    const names = ['Made', 'By', 'Until', 'Passphrase', 'Study', ''].map((name) =>
      el('th', {}, name),
    );
    const table = el(
      'table',
      { class: 'people' },
      el('thead', {}, el('tr', {}, ...names)),
      this.rows,
    );
    const body = el('div', { class: 'figures-body' }, table);
    this.node = el('main', { class: 'figures' }, head, this.note, body);
  }

  start(): void {
    void this.load();
  }

  close(): void {
    this.giveUp.abort();
  }

  key(event: KeyboardEvent): void {
    if (event.key === 'Escape') this.deps.back();
  }

  private async load(): Promise<void> {
    this.giveUp.abort();
    this.giveUp = new AbortController();
    const { signal } = this.giveUp;
    try {
      const answer = await this.deps.transport.json(SHARES, { signal });
      const { items } = answer as { readonly items: readonly Share[] };
      if (signal.aborted) return;
      this.rows.replaceChildren(...items.map((share) => this.row(share)));
      say(this.note, items.length === 0 ? 'Nothing is shared by a link.' : '');
    } catch (thrown) {
      if (!signal.aborted) this.failed(thrown);
    }
  }

  private row(share: Share): HTMLElement {
    const cells = [moment(share.created), share.by, moment(share.expires)];
    return el(
      'tr',
      {},
      ...cells.map((text) => el('td', {}, text)),
      el('td', {}, share.passphrase ? 'Yes' : 'No'),
      el('td', {}, el('a', { href: `#/studies/${share.study}` }, 'Open')),
      el(
        'td',
        { class: 'people-acts' },
        button('Revoke', 'quiet', () => void this.revoke(share)),
      ),
    );
  }

  private async revoke(share: Share): Promise<void> {
    const { signal } = this.giveUp;
    try {
      await this.deps.transport.change('DELETE', `${SHARES}/${share.id}`, null, { signal });
      await this.load();
      say(this.note, 'Revoked: whoever looks at the study by it is out within seconds.');
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  private failed(thrown: unknown): void {
    const error = recognised(thrown);
    const request = error.requestId === null ? '' : ` Request ${error.requestId}.`;
    say(this.note, `${error.title}. ${error.message}${request}`);
  }
}
