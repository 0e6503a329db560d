/** The word on the link in the status line: what is waited for, and for a moment that it is back. */
import type { Clock } from './clock.ts';
import { el, say } from './dom.ts';
import type { Link } from './link.ts';

const RELIEF_MS = 4_000;

export class LinkChip {
  readonly node = el('span', { class: 'chip', role: 'status' });
  private cancel: () => void = () => undefined;

  constructor(
    private readonly link: Link,
    private readonly clock: Clock,
  ) {
    link.addEventListener('change', () => this.changed());
    link.addEventListener('wake', () => this.relieved());
  }

  private changed(): void {
    // Just said that it is back: the last waiters are about to see that too.
    if (this.node.dataset.state === 'back' && this.link.state === 'fine') return;
    if (this.link.waiting) this.show('waiting', this.link.sentence());
    else if (this.node.dataset.state === 'waiting') this.show('quiet', '');
  }

  private relieved(): void {
    this.show('back', 'Connected again: loading goes on.');
    this.cancel = this.clock.after(RELIEF_MS, () => this.show('quiet', ''));
  }

  private show(state: string, text: string): void {
    this.cancel();
    this.node.dataset.state = state;
    say(this.node, text);
  }
}
