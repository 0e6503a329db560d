/** "312/312 received, 312 verified": a ring and the words. Failed is not done. */
import { el, say } from './dom.ts';
import type { Counts } from './series.ts';

const SVG = 'http://www.w3.org/2000/svg';
const ROUND = 2 * Math.PI * 8;

function circle(className: string): SVGCircleElement {
  const node = document.createElementNS(SVG, 'circle');
  for (const [name, value] of Object.entries({ cx: '10', cy: '10', r: '8', class: className })) {
    node.setAttribute(name, value);
  }
  return node;
}

export function words(counts: Counts): string {
  const parts = [`${counts.received}/${counts.instances} received`, `${counts.verified} verified`];
  if (counts.lengthOnly > 0) parts.push(`${counts.lengthOnly} by length only`);
  if (counts.failed > 0) parts.push(`${counts.failed} failed`);
  return parts.join(', ');
}

/** Everything listed is here, each proven by its digest; anything less is not complete. */
export function isComplete(counts: Counts, skipped: number): boolean {
  const { instances, verified, failed } = counts;
  return instances > 0 && verified === instances && failed === 0 && skipped === 0;
}

/** While slices stream in; each change costs a frame that the pictures could have. The end shows at once. */
const PAINT_MS = 200;

export class Progress {
  readonly node: HTMLElement;
  private readonly arc = circle('ring-arc');
  private counts: Counts | null = null;
  private skipped = 0;
  private timer = 0;
  private readonly text = el('span', { class: 'progress-words' });
  private readonly complete = el('span', { class: 'complete' }, '✓ series complete and verified');

  constructor() {
    const ring = document.createElementNS(SVG, 'svg');
    ring.setAttribute('viewBox', '0 0 20 20');
    ring.setAttribute('class', 'ring');
    ring.setAttribute('aria-hidden', 'true');
    ring.append(circle('ring-back'), this.arc);
    this.node = el('div', { class: 'progress' });
    this.node.append(ring, this.text, this.complete);
    this.complete.hidden = true;
    this.node.hidden = true;
  }

  /** `skipped` entries were listed, and can never come. */
  show(counts: Counts, skipped = 0): void {
    this.counts = counts;
    this.skipped = skipped;
    const isOver = counts.received + counts.failed >= counts.instances;
    if (isOver || this.node.hidden) this.paint();
    else this.timer ||= window.setTimeout(() => this.paint(), PAINT_MS);
  }

  private paint(): void {
    const { counts } = this;
    if (counts === null) return;
    clearTimeout(this.timer);
    this.timer = 0;
    this.node.hidden = false;
    const share = counts.instances === 0 ? 0 : counts.received / counts.instances;
    this.arc.setAttribute('stroke-dasharray', `${share * ROUND} ${ROUND}`);
    this.node.dataset.state =
      counts.failed > 0 ? 'failed' : counts.verified === counts.instances ? 'done' : 'under-way';
    this.complete.hidden = !isComplete(counts, this.skipped);
    say(this.text, words(counts));
  }
}
