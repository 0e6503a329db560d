/** The keys, listed. */
import { button, el } from './dom.ts';
import type { Command } from './keys.ts';

const MOUSE = [
  ['Wheel', 'Previous or next slice'],
  ['Left drag', 'Window width and level'],
  ['Middle drag', 'Pan'],
  ['Right drag', 'Zoom'],
] as const;

export function helpDialog(commands: readonly Command[]): HTMLDialogElement {
  const rows = [...MOUSE, ...commands.map(({ shown, label }) => [shown, label] as const)];
  const list = el(
    'dl',
    {},
    ...rows.flatMap(([key, label]) => [el('dt', {}, key), el('dd', {}, label)]),
  );
  const dialog = el('dialog', { class: 'help', 'aria-label': 'Keys' });
  dialog.append(
    el('h2', { class: 'help-title' }, 'Mouse and keys'),
    list,
    button('Close', 'primary', () => dialog.close()),
  );
  return dialog;
}
