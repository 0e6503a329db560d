/** A button that opens a short list of choices: closes by choice, Escape, or a press elsewhere. */
import { el, say, set, svg } from './dom.ts';

export interface Choice {
  readonly label: string;
  readonly icon: string;
  /** The key that does the same, as it is written. */
  readonly key: () => string;
  readonly run: () => void;
  /** Of choices that stay: whether this one is taken. */
  readonly checked?: (() => boolean) | undefined;
}

export class Menu {
  readonly node: HTMLElement;
  private readonly opener = el('button', {
    type: 'button',
    class: 'tool',
    'aria-haspopup': 'menu',
    'aria-expanded': 'false',
  });
  private readonly face = el('span', { class: 'tool-face' });
  private readonly words = el('span', { class: 'tool-label' });
  private readonly list: HTMLElement;
  private readonly items: readonly HTMLButtonElement[];

  constructor(
    private readonly label: string,
    icon: string,
    private readonly choices: readonly Choice[],
    extra: HTMLElement | null = null,
  ) {
    this.opener.append(this.face, this.words, svg('M8 10l4 4 4-4', 14));
    this.opener.title = label;
    this.items = choices.map((choice) => this.item(choice));
    this.list = el('div', { class: 'menu-list', role: 'menu', 'aria-label': label }, extra);
    this.list.append(...this.items);
    this.node = el('div', { class: 'menu' }, this.opener, this.list);
    this.show(icon, label);
    this.close();
    this.opener.addEventListener('click', () => (this.isOpen ? this.close() : this.open()));
    this.node.addEventListener('keydown', (event) => this.key(event));
    document.addEventListener('pointerdown', (event) => {
      if (!this.node.contains(event.target as Node)) this.close();
    });
  }

  /** The face of the button: the choice that is taken. */
  show(icon: string, words: string, isTaken = false): void {
    this.face.replaceChildren(svg(icon));
    say(this.words, words);
    set(this.opener, 'aria-label', words === this.label ? words : `${this.label}: ${words}`);
    set(this.opener, 'data-taken', isTaken ? 'true' : null);
  }

  close(): void {
    this.list.hidden = true;
    set(this.opener, 'aria-expanded', 'false');
  }

  private get isOpen(): boolean {
    return !this.list.hidden;
  }

  private open(): void {
    this.choices.forEach(({ checked, key }, index) => {
      say(this.items[index]?.querySelector('kbd') as Element, key());
      if (checked !== undefined)
        set(this.items[index] as Element, 'aria-checked', String(checked()));
    });
    this.list.hidden = false;
    set(this.opener, 'aria-expanded', 'true');
    this.items[0]?.focus();
  }

  private item(choice: Choice): HTMLButtonElement {
    const role = choice.checked === undefined ? 'menuitem' : 'menuitemcheckbox';
    const node = el(
      'button',
      { type: 'button', role, class: 'menu-item' },
      el('span', { class: 'menu-label' }, choice.label),
      el('kbd'),
    );
    node.prepend(svg(choice.icon));
    node.addEventListener('click', () => {
      this.close();
      choice.run();
      node.blur();
    });
    return node;
  }

  private key(event: KeyboardEvent): void {
    if (!this.isOpen) return;
    const at = this.items.indexOf(document.activeElement as HTMLButtonElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    // The keys of the reading room wait while a menu is open.
    event.stopPropagation();
    if (event.key === 'Escape') {
      this.close();
      this.opener.focus();
    } else if (step !== undefined) {
      event.preventDefault();
      this.items.at((at + step) % this.items.length)?.focus();
    }
  }
}
