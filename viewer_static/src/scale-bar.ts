/** A ruler in round millimetres, of images whose pixels have a size. */
import { el, say } from './dom.ts';
import type { View } from './facts.ts';
import type { Spacing } from './figures/spacing.ts';

/** Screen pixels it may take at most. */
const LONGEST = 180;
const ROUND = [5, 2, 1] as const;

/** The longest of 1, 2, 5, 10 … that fits. Pure. */
export function roundLength(longest: number): number {
  const decade = 10 ** Math.floor(Math.log10(longest));
  return decade * (ROUND.find((step) => step * decade <= longest) ?? 1);
}

/** Image units under one screen pixel downwards. Pure. */
export function unitsPerPixel({ down }: View, spacing: Spacing): number {
  return Math.hypot(down[0] * spacing.across, down[1] * spacing.down);
}

export class ScaleBar {
  readonly node: HTMLElement;
  private readonly words = el('span');

  constructor() {
    this.node = el('div', { class: 'scale-bar', 'aria-hidden': 'true' }, el('i'), this.words);
    this.node.hidden = true;
  }

  show(view: View, spacing: Spacing): void {
    const per = unitsPerPixel(view, spacing);
    this.node.hidden = spacing.unit !== 'mm' || !(per > 0) || !Number.isFinite(per);
    if (this.node.hidden) return;
    const length = roundLength(LONGEST * per);
    this.node.style.setProperty('--length', `${length / per}px`);
    const words = length >= 10 ? `${length / 10} cm` : `${length} mm`;
    say(this.words, spacing.note === '' ? words : `${words} ${spacing.note}`);
  }
}
