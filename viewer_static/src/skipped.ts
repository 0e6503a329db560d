/** Entries of a series that could not be opened, named one by one. */
import type { Skipped } from './api.ts';
import { button, el } from './dom.ts';
import { plural } from './text.ts';

export class SkippedList {
  /** Stands in the status line while there is something to list. */
  readonly opener: HTMLButtonElement;
  readonly dialog: HTMLDialogElement;
  private readonly list = el('dl', { class: 'one-column' });

  constructor() {
    this.opener = button('', 'skipped', () => this.dialog.showModal());
    const close = button('Close', 'primary', () => this.dialog.close());
    const title = el('h2', { class: 'help-title' }, 'Skipped entries');
    this.dialog = el(
      'dialog',
      { class: 'help', 'aria-label': 'Skipped entries' },
      title,
      this.list,
      close,
    );
    this.show([]);
  }

  show(skipped: readonly Skipped[]): void {
    this.opener.hidden = skipped.length === 0;
    this.opener.textContent = `${plural(skipped.length, 'entry', 'entries')} skipped`;
    const rows = skipped.flatMap(({ id, reason }) => [el('dt', {}, id), el('dd', {}, reason)]);
    this.list.replaceChildren(...rows);
  }
}
