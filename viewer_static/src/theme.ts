/** Dark for reading, light for a bright room: pictures stay on black in both. */
import { button, set } from './dom.ts';

const KEY = 'pacs-proxy.theme';
const LIGHT = 'light';

export const isLight = (): boolean => document.documentElement.dataset.theme === LIGHT;

/** As it was chosen on this device; dark at first. */
export function showTheme(): void {
  set(document.documentElement, 'data-theme', localStorage.getItem(KEY));
}

export function turnTheme(): void {
  if (isLight()) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, LIGHT);
  showTheme();
}

export function themeButton(): HTMLButtonElement {
  const node = button('Light or dark', 'quiet', () => {
    turnTheme();
    set(node, 'aria-pressed', String(isLight()));
  });
  set(node, 'aria-pressed', String(isLight()));
  return node;
}
