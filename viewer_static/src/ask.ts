/** Asks the reader for a line of text. */
import { button, el } from './dom.ts';

export class AskText {
  readonly dialog = el('dialog', { class: 'ask', 'aria-label': 'Text' });
  private readonly input = el('input', { type: 'text', maxlength: '120', 'aria-label': 'Text' });
  private settle: (text: string) => void = () => undefined;

  constructor() {
    const form = el(
      'form',
      { method: 'dialog' },
      el('h2', {}, 'Text on the picture'),
      this.input,
      el(
        'div',
        { class: 'ask-acts' },
        button('Cancel', 'quiet', () => this.dialog.close()),
        el('button', { type: 'submit', class: 'primary' }, 'OK'),
      ),
    );
    form.addEventListener('submit', () => this.settle(this.input.value.trim()));
    this.dialog.append(form);
    this.dialog.addEventListener('close', () => this.settle(''));
  }

  /** Empty when the reader would rather not. */
  readonly ask = (written: string): Promise<string> => {
    this.input.value = written;
    this.dialog.showModal();
    this.input.select();
    return new Promise((resolve) => {
      this.settle = resolve;
    });
  };
}
