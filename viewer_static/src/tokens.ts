/** The page of tokens: keys for programs, each shown once. */
import { button, el, say } from './dom.ts';
import { row, type SideDeps, SidePage, table, when } from './side.ts';

interface Token {
  readonly id: string;
  readonly owner: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly expires: string;
  readonly revoked: boolean;
}

interface Tokens {
  readonly tokens: readonly Token[];
  readonly scopes: readonly string[];
}

const TOKENS = 'api/tokens';
const HEADS = ['Label', 'Owner', 'May', 'Until', 'State', ''];
const DAYS = [7, 30, 90, 366];
const USUAL = 'study.read';

export function stateOf(token: Pick<Token, 'revoked' | 'expires'>, now: number): string {
  if (token.revoked) return 'Revoked';
  return Date.parse(token.expires) <= now ? 'Expired' : 'Active';
}

export class TokensPage extends SidePage {
  private readonly adding = el('form', { class: 'people-add' });

  constructor(deps: SideDeps) {
    super(deps, 'Tokens');
    this.adding.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.make();
    });
  }

  protected async refresh(signal: AbortSignal): Promise<void> {
    const { tokens, scopes } = (await this.json(TOKENS, signal)) as Tokens;
    if (signal.aborted) return;
    say(this.note, tokens.length === 0 ? 'There is no token yet.' : '');
    const words = el(
      'p',
      { class: 'quiet' },
      'A program sends its token as “Authorization: Bearer …”. It may never do more than its owner.',
    );
    const rows = tokens.map((token) => this.row(token));
    if (!this.adding.hasChildNodes()) this.offer(scopes);
    this.body.replaceChildren(words, table(HEADS, rows), el('h2', {}, 'New token'), this.adding);
  }

  private row(token: Token): HTMLElement {
    const state = stateOf(token, Date.now());
    const revoke = button('Revoke', 'quiet', () => this.revoke(token));
    const acts = el('div', { class: 'people-acts' }, state === 'Active' ? revoke : null);
    const may = token.scopes.join(', ');
    return row(token.label, token.owner, may, when(token.expires), state, acts);
  }

  private offer(scopes: readonly string[]): void {
    const days = DAYS.map((each) => el('option', { value: String(each) }, `${each} days`));
    const boxes = scopes.map((scope) =>
      el(
        'label',
        { class: 'token-scope' },
        el('input', { type: 'checkbox', name: 'scope', value: scope, checked: scope === USUAL }),
        scope,
      ),
    );
    const label = el('input', { name: 'label', required: true, maxlength: '64', type: 'text' });
    label.autocomplete = 'off';
    this.adding.replaceChildren(
      el('label', {}, 'Label', label),
      el('label', {}, 'For', el('select', { name: 'days' }, ...days)),
      el('fieldset', { class: 'token-scopes' }, el('legend', {}, 'May'), ...boxes),
      el('button', { type: 'submit', class: 'primary' }, 'Make token'),
    );
  }

  private async make(): Promise<void> {
    const said = new FormData(this.adding);
    const [label, days] = [String(said.get('label')), Number(said.get('days'))];
    const asked = { label, days, scopes: said.getAll('scope').map(String) };
    const made = (await this.change('POST', TOKENS, asked, `${label} was made.`)) as {
      readonly token: string;
    } | null;
    if (made === null) return;
    this.adding.replaceChildren();
    await this.load();
    const shown = el('input', { readonly: true, value: made.token, 'aria-label': 'Token' });
    const words = 'Keep it now: it is not shown again, and whoever has it has these rights.';
    const form = this.show(`Token ${label}`, words, 'I have it', shown);
    // Nothing of it stays in the page.
    this.dialog.addEventListener('close', () => form.remove(), { once: true });
    shown.select();
  }

  private revoke(token: Token): void {
    const words = `What uses ${token.label} is refused from now on. This cannot be undone.`;
    const form = this.show(`Revoke ${token.label}?`, words, 'Revoke');
    const path = `${TOKENS}/${encodeURIComponent(token.id)}`;
    form.addEventListener('submit', () => {
      void this.change('DELETE', path, null, `${token.label} is revoked.`);
    });
  }
}
