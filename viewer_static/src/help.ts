/** The mouse and the keys, listed by what they are for. */
import { button, el } from './dom.ts';
import { type Command, type Group, written } from './keys.ts';

const MOUSE = [
  ['Wheel', 'Previous or next slice'],
  ['Left', 'The chosen tool'],
  ['Middle drag', 'Pan'],
  ['Right drag', 'Zoom'],
] as const;

const ORDER: readonly Group[] = ['Scroll', 'Tools', 'Measure', 'Window', 'View', 'Layout', 'Study'];

function section(title: string, rows: readonly (readonly [string, string])[]): HTMLElement {
  const list = el(
    'dl',
    {},
    ...rows.flatMap(([key, label]) => [el('dt', {}, key), el('dd', {}, label)]),
  );
  return el('section', {}, el('h3', {}, title), list);
}

export function helpDialog(commands: readonly Command[]): HTMLDialogElement {
  const rows = (group: Group) =>
    commands
      .filter((command) => command.group === group && command.keys.length > 0)
      .map(({ keys, label }) => [keys.map(written).join(', '), label] as const);
  const dialog = el('dialog', { class: 'help', 'aria-label': 'Keys' });
  dialog.append(
    el('h2', { class: 'help-title' }, 'Mouse and keys'),
    el(
      'div',
      { class: 'help-columns' },
      section('Mouse', MOUSE),
      ...ORDER.map((group) => section(group, rows(group))),
    ),
    button('Close', 'primary', () => dialog.close()),
  );
  return dialog;
}
