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
  const shown = () => {
    showTheme(storage);
    set(node, 'aria-pressed', String(isLight()));
  };
  const node = button('Light or dark', 'quiet', () => {
    turnTheme(storage);
    shown();
  });
  storage.addEventListener('change', shown);
  shown();
  return node;
}
