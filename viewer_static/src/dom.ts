/** Small words for building the page; text only ever enters as text. */

type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | boolean | null>>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Writes only what changed, as `say` does. */
export function set(node: Element, name: string, value: string | boolean | null): void {
  const written = value === true ? '' : value;
  if (written === null || written === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== written) node.setAttribute(name, written);
}

export function button(label: string, className: string, onClick: () => void): HTMLButtonElement {
  const node = el('button', { type: 'button', class: className }, label);
  node.addEventListener('click', onClick);
  return node;
}

/** A dialog with no way past it: no key closes it, and none typed there is a command of the page. */
export function locked(dialog: HTMLDialogElement): void {
  // Chromium takes a second Escape for an answer whatever the first one met with.
  set(dialog, 'closedby', 'none');
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  dialog.addEventListener('keydown', (event) => event.stopPropagation());
}

/** Writes only what changed: screen readers and the layout are left in peace. */
export function say(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svgLine(
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
): SVGElement {
  const line = document.createElementNS(SVG, 'line');
  for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) set(line, name, value.toFixed(1));
  return line;
}

export function svg(path: string, size = 18): SVGSVGElement {
  const root = document.createElementNS(SVG, 'svg');
  const line = document.createElementNS(SVG, 'path');
  root.setAttribute('viewBox', '0 0 24 24');
  root.setAttribute('width', String(size));
  root.setAttribute('height', String(size));
  root.setAttribute('aria-hidden', 'true');
  line.setAttribute('d', path);
  root.append(line);
  return root;
}

/** Typing somewhere: single-key commands keep out of the way. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
}
