/** How the link does, in the header: silent while all is well, and the particulars on demand. */
import './network-chip.css';
import type { Clock } from './clock.ts';
import { el, say, set, svg } from './dom.ts';
import type { Link } from './link.ts';
import { plural } from './text.ts';
import { CARGO, type Traffic } from './traffic.ts';
import type { Transport } from './transport.ts';

const ICON = 'M4 18v-3M9 18v-6M14 18V9M19 18V5';
const CARD = 'network-card';
/** Numbers that change faster nobody can read. */
const PAINT_MS = 500;

export interface Situation {
  readonly goodput: number | null;
  readonly roundTripMs: number | null;
  readonly lookupMs: number | null;
  readonly lost: number | null;
  readonly survived: number;
  readonly loading: string;
  readonly waiting: string | null;
  readonly slow: boolean;
}

export function rate(bytesPerSecond: number | null): string {
  if (bytesPerSecond === null) return 'not known yet';
  const mbit = (bytesPerSecond * 8) / 1e6;
  return `${mbit < 10 ? mbit.toFixed(1) : Math.round(mbit)} Mbit/s`;
}

const time = (ms: number | null): string =>
  ms === null ? 'not known yet' : `${Math.round(ms)} ms`;

const share = (part: number | null): string =>
  part === null ? 'not known yet' : `${(100 * part).toFixed(1)} %`;

export function loadingOf(traffic: Traffic): string {
  const parts = CARGO.filter((cargo) => traffic.of(cargo) > 0).map((cargo) =>
    plural(traffic.of(cargo), cargo.slice(0, -1), cargo),
  );
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

/** The word in the header: none while all is well. */
export function word({ waiting, slow, goodput }: Situation): string {
  if (waiting !== null) return 'Waiting';
  return slow ? rate(goodput) : '';
}

export class NetworkChip {
  readonly node = el('div', { class: 'network' });
  private readonly opener = el('button', {
    type: 'button',
    class: 'network-chip',
    popovertarget: CARD,
  });
  private readonly text = el('span');
  private readonly card = el('div', { id: CARD, class: CARD, popover: 'auto' });
  private isDue = false;

  constructor(
    private readonly transport: Transport,
    private readonly link: Link,
    private readonly clock: Clock,
  ) {
    this.opener.append(svg(ICON), this.text);
    this.node.append(this.opener, this.card);
    for (const source of [link, transport.traffic])
      source.addEventListener('change', () => this.soon());
    this.card.addEventListener('toggle', () => this.paint());
    // Closing it is all that Escape does then.
    this.node.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.card.matches(':popover-open')) event.stopPropagation();
    });
    this.paint();
  }

  private soon(): void {
    if (this.isDue) return;
    this.isDue = true;
    this.clock.after(PAINT_MS, () => {
      this.isDue = false;
      this.paint();
    });
  }

  private situation(): Situation {
    const { transport, link } = this;
    const { traffic, goodput } = transport;
    return {
      goodput: goodput.bytesPerSecond,
      roundTripMs: traffic.roundTripMs,
      lookupMs: traffic.lookupMs,
      lost: traffic.lost,
      survived: traffic.survived,
      loading: loadingOf(traffic),
      waiting: link.waiting ? link.sentence() : null,
      slow: goodput.isSlow,
    };
  }

  private paint(): void {
    const now = this.situation();
    this.node.dataset.state = now.waiting !== null ? 'waiting' : now.slow ? 'slow' : 'well';
    say(this.text, word(now));
    const rows: readonly (readonly [string, string])[] = [
      ['Arrives at', rate(now.goodput)],
      ['An answer takes', time(now.roundTripMs)],
      ['Name looked up in', now.lookupMs === null ? 'not asked' : time(now.lookupMs)],
      ['Loads broken on the way', share(now.lost)],
      ['Breaks survived', String(now.survived)],
      ['Loading now', now.loading],
      ...(now.waiting === null ? [] : [['Waiting', now.waiting] as const]),
    ];
    set(
      this.opener,
      'aria-label',
      `Network: ${rows.map(([name, value]) => `${name.toLowerCase()} ${value}`).join(', ')}`,
    );
    this.opener.title = now.waiting ?? `${rate(now.goodput)}, ${time(now.roundTripMs)}`;
    if (!this.card.matches(':popover-open')) return;
    const each = rows.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]);
    this.card.replaceChildren(el('h2', {}, 'Network'), el('dl', {}, ...each));
  }
}
