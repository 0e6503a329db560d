/** The keyboard in the reading room: one table for keys, menus and the list under `?`. */

export type Group = 'Scroll' | 'Tools' | 'Measure' | 'Window' | 'View' | 'Layout' | 'Study';

export interface Command {
  readonly id: string;
  readonly group: Group;
  readonly label: string;
  readonly keys: readonly string[];
  readonly run: () => void;
  readonly icon?: string | undefined;
  /** Of commands that stay in force: whether this one is. */
  readonly checked?: (() => boolean) | undefined;
}

const NAMES: Readonly<Record<string, string>> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  PageUp: 'Page up',
  PageDown: 'Page down',
  Escape: 'Esc',
  Delete: 'Del',
  Backspace: '⌫',
  ' ': 'Space',
  '-': '−',
};

/** As the key is written on the keyboard: one letter is written large. */
export function written(key: string): string {
  return key
    .split(/(?<=.)\+(?=.)/)
    .map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(' + ');
}

/** Letters count in either case; Shift is named only beside Ctrl. */
export function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!event.ctrlKey && !event.metaKey) return key;
  return event.shiftKey ? `Ctrl+Shift+${key}` : `Ctrl+${key}`;
}

/** Runs the command bound to the key; true when there was one. */
export function obeyed(commands: readonly Command[], event: KeyboardEvent): boolean {
  if (event.altKey) return false;
  const name = nameOf(event);
  const command = commands.find(({ keys }) => keys.includes(name));
  if (command === undefined) return false;
  event.preventDefault();
  command.run();
  return true;
}
