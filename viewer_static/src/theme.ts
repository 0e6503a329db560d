/** Dark for reading, light for a bright room: pictures stay on black in both. */
import { button, set } from './dom.ts';
import type { Store } from './preferences.ts';

const NAME = 'theme';
const LIGHT = 'light';

export const isLight = (): boolean => document.documentElement.dataset.theme === LIGHT;

/** As this reader chose; dark at first. */
export function showTheme(storage: Store): void {
  set(document.documentElement, 'data-theme', storage.getItem(NAME) === LIGHT ? LIGHT : null);
}

export function turnTheme(storage: Store): void {
  if (isLight()) storage.removeItem(NAME);
  else storage.setItem(NAME, LIGHT);
  showTheme(storage);
}

export function themeButton(storage: Store & EventTarget): HTMLButtonElement {
  const node = button('Light or dark', 'quiet', () => turnTheme(storage));
  const shown = () => set(node, 'aria-pressed', String(isLight()));
  // The reader has a command of its own for it.
  const seen = new MutationObserver(shown);
  seen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  storage.addEventListener('change', () => showTheme(storage));
  shown();
  return node;
}
