/** Beside the pictures: every figure with its numbers, and the key images. */
import { button, el } from './dom.ts';
import { type Mark, NAMES } from './figures/mark.ts';

export interface Entry {
  readonly mark: Mark;
  readonly lines: readonly string[];
  /** "Slice 4", or the series when it is not the one on screen. */
  readonly place: string;
}

export interface KeyEntry {
  readonly imageId: string;
  readonly place: string;
  /** Of the document in the archive that names it; such a one is not removed here. */
  readonly title?: string;
}

export interface PanelActions {
  jump(imageId: string): void;
  remove(mark: Mark): void;
  unkey(imageId: string): void;
  close(): void;
}

export class MarksPanel {
  readonly node: HTMLElement;
  private readonly marks = el('ul', { class: 'marks', 'aria-label': 'Measurements' });
  private readonly keys = el('ul', { class: 'marks', 'aria-label': 'Key images' });
  readonly foot = el('div', { class: 'panel-foot' });

  constructor(private readonly actions: PanelActions) {
    const closer = button('×', 'panel-close', () => actions.close());
    closer.setAttribute('aria-label', 'Close the list');
    this.node = el(
      'aside',
      { class: 'panel', 'aria-label': 'Measurements and key images' },
      el(
        'div',
        { class: 'panel-head' },
        el('h2', { class: 'aside-title' }, 'Measurements'),
        closer,
      ),
      this.marks,
      el('h2', { class: 'aside-title' }, 'Key images'),
      this.keys,
      this.foot,
    );
    this.node.hidden = true;
  }

  show(entries: readonly Entry[], keys: readonly KeyEntry[]): void {
    this.marks.replaceChildren(
      ...(entries.length === 0
        ? [el('li', { class: 'panel-note' }, 'None yet. Choose a tool under Measure.')]
        : entries.map((entry) => this.entry(entry))),
    );
    this.keys.replaceChildren(
      ...(keys.length === 0
        ? [el('li', { class: 'panel-note' }, 'None yet. O marks the picture on screen.')]
        : keys.map((key) => this.key(key))),
    );
  }

  private entry({ mark, lines, place }: Entry): HTMLElement {
    const [first = '', ...rest] = lines;
    const go = el(
      'button',
      { type: 'button', class: 'mark', 'data-mark': mark.id },
      el('span', { class: 'mark-name' }, NAMES[mark.figure.kind], el('span', {}, place)),
      el('strong', {}, first),
      ...rest.map((line) => el('span', { class: 'mark-line' }, line)),
    );
    go.addEventListener('click', () => this.actions.jump(mark.imageId));
    return el(
      'li',
      {},
      go,
      this.remover(`Delete ${NAMES[mark.figure.kind]}`, () => this.actions.remove(mark)),
    );
  }

  private key({ imageId, place, title }: KeyEntry): HTMLElement {
    const words = title === undefined ? place : `${place} · ${title}`;
    const go = button(words, 'mark', () => this.actions.jump(imageId));
    if (title !== undefined) return el('li', {}, go);
    return el(
      'li',
      {},
      go,
      this.remover(`No key image: ${place}`, () => this.actions.unkey(imageId)),
    );
  }

  private remover(label: string, act: () => void): HTMLElement {
    const node = button('×', 'mark-remove', act);
    node.setAttribute('aria-label', label);
    return node;
  }
}
