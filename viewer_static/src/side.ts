/** What the pages beside reading have in common: a head, a note, and a body that is asked for. */
import { button, el, say } from './dom.ts';
import { recognised } from './errors.ts';
import type { Transport } from './transport.ts';

export interface SideDeps {
  readonly transport: Transport;
  readonly back: () => void;
}

export abstract class SidePage {
  readonly node: HTMLElement;
  protected readonly note = el('p', { class: 'list-note', role: 'status' });
  protected readonly body = el('div', { class: 'figures-body' });
  /** Asks before something that cannot be undone, and shows what is shown once. */
  protected readonly dialog = el('dialog', { class: 'ask people-ask' });
  /** Ends the asking for what is shown, also when it is asked for anew. */
  private giveUp = new AbortController();
  /** Ends everything else, when the page is left. */
  protected leaving = new AbortController();

  constructor(
    protected readonly deps: SideDeps,
    title: string,
    ...acts: readonly HTMLElement[]
  ) {
    const head = el(
      'header',
      { class: 'list-head figures-head' },
      button('Back', 'quiet', () => deps.back()),
      el('h1', {}, title),
      ...acts,
    );
    this.node = el('main', { class: 'figures' }, head, this.note, this.body, this.dialog);
  }

  start(): void {
    if (this.leaving.signal.aborted) this.leaving = new AbortController();
    void this.load();
  }

  close(): void {
    this.giveUp.abort();
    this.leaving.abort();
    this.dialog.close();
    say(this.note, '');
  }

  key(event: KeyboardEvent): void {
    if (event.key === 'Escape' && !this.dialog.open) this.deps.back();
  }

  /** Ask for what is shown, and show it. */
  protected abstract refresh(signal: AbortSignal): Promise<void>;

  protected async load(): Promise<void> {
    this.giveUp.abort();
    this.giveUp = new AbortController();
    const { signal } = this.giveUp;
    try {
      await this.refresh(signal);
    } catch (thrown) {
      if (!signal.aborted) this.failed(thrown);
    }
  }

  protected json(path: string, signal: AbortSignal): Promise<unknown> {
    return this.deps.transport.json(path, { signal });
  }

  /** Changes something, shows how things are then, and says so; null when it failed. */
  protected async change(
    method: 'POST' | 'DELETE',
    path: string,
    asked: object | null,
    done: string,
  ): Promise<unknown> {
    const { signal } = this.leaving;
    try {
      const answer = await this.deps.transport.change(method, path, asked, { signal });
      if (!signal.aborted) await this.load();
      if (!signal.aborted) say(this.note, done);
      return answer;
    } catch (thrown) {
      if (!signal.aborted) this.failed(thrown);
      return null;
    }
  }

  /** In a dialog, with a way out. */
  protected show(title: string, words: string, label: string, ...content: Node[]): HTMLElement {
    const go = el('button', { type: 'submit', class: 'primary' }, label);
    const acts = el(
      'div',
      { class: 'ask-acts' },
      button('Cancel', 'quiet', () => this.dialog.close()),
      go,
    );
    const form = el('form', { method: 'dialog' }, el('h2', {}, title), el('p', {}, words));
    form.append(...content, acts);
    this.dialog.replaceChildren(form);
    this.dialog.showModal();
    return form;
  }

  protected failed(thrown: unknown): void {
    const error = recognised(thrown);
    const request = error.requestId === null ? '' : ` Request ${error.requestId}.`;
    say(this.note, `${error.title}. ${error.message}${request}`);
  }
}

/** A table of texts and things; the heads say what each column is. */
export function table(heads: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  const named = heads.map((head) => el('th', { scope: 'col' }, head));
  const body = el('tbody', {}, ...rows);
  return el('table', { class: 'people' }, el('thead', {}, el('tr', {}, ...named)), body);
}

export function row(...cells: readonly (string | Node)[]): HTMLElement {
  return el('tr', {}, ...cells.map((cell) => el('td', {}, cell)));
}

/** A moment of the server as the reader's own clock says it. */
export function when(moment: string): HTMLElement {
  const local = new Date(moment).toLocaleString('sv-SE');
  return el('time', { datetime: moment, title: moment }, local);
}
