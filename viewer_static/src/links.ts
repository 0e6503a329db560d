/** The page of links: what is shared with people outside, by whom and until when. */
import { button, el, say } from './dom.ts';
import { moment } from './guest.ts';
import type { Share } from './share-dialog.ts';
import { row, type SideDeps, SidePage, table } from './side.ts';

const SHARES = 'api/shares';
const HEADS = ['Made', 'By', 'Until', 'Passphrase', 'Study', ''];
const REVOKED = 'Revoked: whoever looks at the study by it is out within seconds.';

export class LinksPage extends SidePage {
  constructor(deps: SideDeps) {
    super(deps, 'Links');
  }

  protected async refresh(signal: AbortSignal): Promise<void> {
    const { items } = (await this.json(SHARES, signal)) as { readonly items: readonly Share[] };
    if (signal.aborted) return;
    const rows = items.map((share) => this.row(share));
    this.body.replaceChildren(table(HEADS, rows));
    say(this.note, items.length === 0 ? 'Nothing is shared by a link.' : '');
  }

  private row(share: Share): HTMLElement {
    const revoke = button('Revoke', 'quiet', () => void this.revoke(share));
    return row(
      moment(share.created),
      share.by,
      moment(share.expires),
      share.passphrase ? 'Yes' : 'No',
      el('a', { href: `#/studies/${share.study}` }, 'Open'),
      el('div', { class: 'people-acts' }, revoke),
    );
  }

  private async revoke({ id }: Share): Promise<void> {
    await this.change('DELETE', `${SHARES}/${id}`, null, REVOKED);
  }
}
