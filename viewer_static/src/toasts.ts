/** Short notes at the edge: one per kind with a count, never a pile. */
import { button, el, say } from './dom.ts';

export type Tone = 'info' | 'good' | 'warn' | 'bad';

export interface ToastAction {
  readonly label: string;
  readonly run: () => void;
}

interface Note {
  readonly node: HTMLElement;
  readonly counter: HTMLElement;
  readonly words: HTMLElement;
  readonly act: HTMLElement;
  /** Offers something to do: it outlives the page it was said on. */
  stays: boolean;
  count: number;
  timer: ReturnType<typeof setTimeout> | null;
}

const MOST = 4;
const STAY_MS: Readonly<Record<Tone, number>> = {
  info: 5_000,
  good: 4_000,
  warn: 9_000,
  bad: 15_000,
};

const STAY_WITH_ACTION_MS = 20_000;

export class Toasts {
  private readonly notes = new Map<string, Note>();

  constructor(private readonly host: HTMLElement) {}

  /** Notes of one group replace each other; the same words count up. */
  say(group: string, tone: Tone, text: string, action: ToastAction | null = null): void {
    const note = this.notes.get(group) ?? this.create(group);
    note.node.className = `toast toast-${tone}`;
    this.offer(group, note, action);
    note.count = note.words.textContent === text ? note.count + 1 : 1;
    say(note.words, text);
    say(note.counter, note.count > 1 ? `${note.count}×` : '');
    if (note.timer !== null) clearTimeout(note.timer);
    note.timer = setTimeout(
      () => this.dismiss(group),
      action === null ? STAY_MS[tone] : STAY_WITH_ACTION_MS,
    );
  }

  dismiss(group: string): void {
    const note = this.notes.get(group);
    if (note?.timer) clearTimeout(note.timer);
    note?.node.remove();
    this.notes.delete(group);
  }

  clear(): void {
    for (const [group, { stays }] of [...this.notes]) if (!stays) this.dismiss(group);
  }

  private offer(group: string, note: Note, action: ToastAction | null): void {
    note.stays = action !== null;
    note.act.replaceChildren();
    if (action === null) return;
    const act = () => {
      this.dismiss(group);
      action.run();
    };
    note.act.append(button(action.label, 'toast-act', act));
  }

  private create(group: string): Note {
    const oldest = this.notes.keys().next().value;
    if (this.notes.size >= MOST && oldest !== undefined) this.dismiss(oldest);
    const words = el('span', { class: 'toast-words' });
    const counter = el('span', { class: 'toast-count' });
    const close = button('×', 'toast-close', () => this.dismiss(group));
    close.setAttribute('aria-label', 'Dismiss');
    const act = el('span');
    const node = el('div', { class: 'toast' }, words, counter, act, close);
    this.host.append(node);
    const note = { node, counter, words, act, stays: false, count: 0, timer: null };
    this.notes.set(group, note);
    return note;
  }
}
