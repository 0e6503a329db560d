/** What draws the pictures: a graphics card, or the processor where the browser only imitates one. */
import { el } from './dom.ts';
import type { Store } from './preferences.ts';

const NAME = 'drawing';
const WAYS = { best: 'the quicker of both', graphics: 'graphics card', processor: 'processor' };

export type Drawing = keyof typeof WAYS;

/** Of this browser: the next workstation may have another card. */
export function drawingOf(storage: Pick<Store, 'getItem'>): Drawing {
  const kept = storage.getItem(NAME) ?? '';
  return kept in WAYS ? (kept as Drawing) : 'best';
}

/** An imitated card takes four times as long for a picture as the processor by itself. */
export function isByProcessor(drawing: Drawing, isImitated: boolean): boolean {
  return drawing === 'processor' || (drawing === 'best' && isImitated);
}

export function drawingChoice(storage: Store): HTMLElement {
  const ways = Object.entries(WAYS).map(([value, words]) => el('option', { value }, words));
  const choice = el('select', {}, ...ways);
  choice.value = drawingOf(storage);
  choice.addEventListener('change', () => storage.setItem(NAME, choice.value));
  return el('label', {}, 'Drawn from the next start by ', choice);
}
