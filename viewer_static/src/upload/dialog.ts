/** Questions in front of everything else; closing one by any way answers null. */
import { button, el } from '../dom.ts';

export interface Question<T> {
  readonly title: string;
  readonly body: readonly HTMLElement[];
  readonly host: HTMLElement;
  readonly className?: string;
  /** From the most careful answer on; the first gets the focus unless something in the body takes it. */
  readonly answers: readonly {
    readonly label: string;
    readonly className: string;
    /** `undefined`: not yet an answer, the dialog stays. */
    readonly answer: () => T | null | undefined;
  }[];
}

export function ask<T>({ title, body, host, answers, className }: Question<T>): Promise<T | null> {
  const dialog = el('dialog', { class: `question ${className ?? ''}`, 'aria-label': title });
  return new Promise((resolve) => {
    let given: T | null = null;
    const buttons = answers.map(({ label, className, answer }) =>
      button(label, className, () => {
        const said = answer();
        if (said === undefined) return;
        given = said;
        dialog.close();
      }),
    );
    dialog.append(
      el('h2', { class: 'help-title' }, title),
      ...body,
      el('footer', { class: 'question-answers' }, ...buttons),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(given);
    });
    host.append(dialog);
    dialog.showModal();
    const first = dialog.querySelector('[data-first]') ?? buttons[0];
    if (first instanceof HTMLElement) first.focus();
  });
}
