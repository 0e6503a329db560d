/** The mouse and the keys, listed by what they are for; a key is changed by pressing another one. */
import { button, el, say, set } from './dom.ts';
import type { Keymap } from './keymap.ts';
import { type Command, type Group, nameOf, written } from './keys.ts';

const MOUSE = [
  ['Wheel', 'Previous or next slice'],
  ['Left', 'The chosen tool'],
  ['Middle drag', 'Pan'],
  ['Right drag', 'Zoom'],
  ['Two fingers', 'Zoom and pan'],
  ['One finger', 'The chosen tool: scrolling'],
  ['Circle on a line', 'Of planes (MPR): turns the others; R straightens'],
] as const;

const ORDER: readonly Group[] = ['Scroll', 'Tools', 'Measure', 'Window', 'View', 'Layout', 'Study'];
const NOT_KEYS = new Set(['Shift', 'Control', 'Alt', 'Meta']);

export class HelpDialog {
  readonly dialog = el('dialog', { class: 'help', 'aria-label': 'Keys' });
  private readonly columns = el('div', { class: 'help-columns' });
  private readonly hint = el('p', { role: 'status' });
  private changing: Command | null = null;

  constructor(
    private readonly commands: readonly Command[],
    private readonly keymap: Keymap,
    memory: HTMLElement,
  ) {
    const usual = button('Usual keys', 'quiet', () => {
      keymap.reset();
      this.show(null);
    });
    const close = button('Close', 'primary', () => this.dialog.close());
    this.dialog.append(
      el('h2', { class: 'help-title' }, 'Mouse and keys'),
      el('div', { class: 'help-acts' }, this.hint, usual, close),
      this.columns,
      memory,
    );
    // Before all others, and wherever the focus is: the row that was pressed is drawn anew.
    window.addEventListener('keydown', (event) => this.pressed(event), { capture: true });
  }

  open(): void {
    this.show(null);
    this.dialog.showModal();
  }

  private pressed(event: KeyboardEvent): void {
    const command = this.changing;
    if (!this.dialog.open || command === null || NOT_KEYS.has(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key !== 'Escape') this.keymap.bind(this.commands, command, nameOf(event));
    this.show(null);
  }

  private show(changing: Command | null): void {
    this.changing = changing;
    say(
      this.hint,
      changing === null
        ? 'Press a key in the list to change it.'
        : `Press the new key for “${changing.label}”, or Esc.`,
    );
    const mouse = MOUSE.flatMap(([key, label]) => [el('dt', {}, key), el('dd', {}, label)]);
    const groups = ORDER.map((group) => {
      const rows = this.commands.filter((command) => command.group === group);
      return section(
        group,
        rows.flatMap((command) => this.row(command)),
      );
    });
    this.columns.replaceChildren(section('Mouse and fingers', mouse), ...groups);
  }

  private row(command: Command): HTMLElement[] {
    const keys = this.keymap.keysOf(command).map(written).join(', ');
    const node = button(keys === '' ? '—' : keys, 'key', () => this.show(command));
    set(node, 'aria-pressed', String(command.id === this.changing?.id));
    set(node, 'aria-label', `${command.label}: ${keys === '' ? 'no key' : keys}. Change`);
    return [el('dt', {}, node), el('dd', {}, command.label)];
  }
}

function section(title: string, rows: readonly HTMLElement[]): HTMLElement {
  return el('section', {}, el('h3', {}, title), el('dl', {}, ...rows));
}
