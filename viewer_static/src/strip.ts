/** The series of the study, with a small picture each: soft to fail, never in the way of the reading. */
import { renderedPath, type SeriesHead } from './api.ts';
import { el, set } from './dom.ts';
import { plural } from './text.ts';
import type { Transport } from './transport.ts';

const THUMBNAIL = 160;
/** The strip waits for the first picture, but not for one that does not come. */
const PATIENCE_MS = 3_000;

export class Strip {
  readonly node = el('nav', { class: 'strip', 'aria-label': 'Series of this study' });
  private giveUp = new AbortController();
  private addresses: string[] = [];
  private begun: () => void = () => undefined;

  constructor(
    private readonly transport: Transport,
    private readonly open: (series: SeriesHead) => void,
  ) {}

  show(series: readonly SeriesHead[]): void {
    this.close();
    this.giveUp = new AbortController();
    this.node.replaceChildren(...series.map((head) => this.tile(head)));
    const first = new Promise<void>((resolve) => {
      this.begun = resolve;
      setTimeout(resolve, PATIENCE_MS);
    });
    const { signal } = this.giveUp;
    void first.then(() => this.pictures(series, signal));
  }

  /** The first slice is on screen: from now on the line may carry small pictures too. */
  begin(): void {
    this.begun();
  }

  mark(id: string): void {
    for (const tile of this.node.children) {
      const current = (tile as HTMLElement).dataset.series === id;
      set(tile, 'aria-current', current ? 'true' : null);
      if (current) tile.scrollIntoView({ block: 'nearest' });
    }
  }

  close(): void {
    this.giveUp.abort();
    for (const address of this.addresses) URL.revokeObjectURL(address);
    this.addresses = [];
  }

  private tile(head: SeriesHead): HTMLElement {
    const title = head.description || head.protocol || head.body_part || 'Series';
    const number = head.number === null ? '' : `${head.number} · `;
    const node = el(
      'button',
      { type: 'button', class: 'tile', 'data-series': head.id, title },
      el('span', { class: 'tile-picture' }, head.modality || '?'),
      el('span', { class: 'tile-title' }, title),
      el(
        'span',
        { class: 'tile-facts' },
        `${number}${head.modality} · ${plural(head.instance_count, 'image')}`,
      ),
    );
    node.addEventListener('click', () => this.open(head));
    return node;
  }

  /** One at a time: the reader's slices come first on the same few connections. */
  private async pictures(series: readonly SeriesHead[], signal: AbortSignal): Promise<void> {
    for (const head of series) {
      if (signal.aborted) return;
      if (head.thumbnail_instance !== null)
        await this.picture(head, head.thumbnail_instance, signal);
    }
  }

  private async picture(head: SeriesHead, instance: string, signal: AbortSignal): Promise<void> {
    try {
      const blob = await this.transport.picture(renderedPath(instance, 1, THUMBNAIL), { signal });
      if (signal.aborted) return;
      const address = URL.createObjectURL(blob);
      this.addresses.push(address);
      const image = el('img', { src: address, alt: '' });
      await image.decode();
      this.node.querySelector(`[data-series="${head.id}"] .tile-picture`)?.replaceChildren(image);
    } catch {
      // The tile keeps its letters: a missing thumbnail is no news to a reader.
    }
  }
}
