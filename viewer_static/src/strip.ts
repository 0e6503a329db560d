/** The series of the study and of a prior, with a small picture each: soft to fail, never in the way. */
import { renderedPath, type SeriesHead, type Study, type StudyDetail, type When } from './api.ts';
import { button, el, say, set } from './dom.ts';
import { isPicture, whenOf } from './layout.ts';
import type { Pane } from './pane.ts';
import type { Watch } from './persist.ts';
import { isComplete, words } from './progress.ts';
import { slideThumbnail } from './slide-thumbnail.ts';
import { DRAG_TYPE } from './stage.ts';
import { date, plural } from './text.ts';
import type { Transport } from './transport.ts';

const THUMBNAIL = 160;
/** The strip waits for the first picture, but not for one that does not come. */
const PATIENCE_MS = 3_000;
/** While slices stream in; each change costs a frame that the pictures could have. */
const PAINT_MS = 200;

/** Of objects that nobody gave a description. */
const KINDS: Readonly<Record<string, string>> = {
  SR: 'Report',
  KO: 'Key images',
  PR: 'Presentation',
  SEG: 'Segmentation',
  RTSTRUCT: 'Contours',
  DOC: 'Document',
  ECG: 'Waveform',
  SM: 'Slide',
};

const TITLES: Readonly<Record<When, string>> = {
  later: 'Later studies',
  earlier: 'Earlier studies',
  other: 'Other studies',
};

export interface StripActions {
  open(series: SeriesHead): void;
  prior(study: Study): void;
}

export class Strip {
  readonly node: HTMLElement;
  private readonly own = el('div', { class: 'strip-series' });
  private readonly before = el('div', { class: 'strip-series' });
  private giveUp = new AbortController();
  private addresses: string[] = [];
  private begun: () => void = () => undefined;
  private readonly moved = new Set<Pane>();
  private timer = 0;

  constructor(
    private readonly transport: Transport,
    private readonly actions: StripActions,
  ) {
    this.node = el(
      'nav',
      { class: 'strip', 'aria-label': 'Series of this study' },
      this.own,
      this.before,
    );
  }

  show(series: readonly SeriesHead[]): void {
    this.close();
    this.giveUp = new AbortController();
    this.own.replaceChildren(...series.map((head) => this.tile(head)));
    this.before.replaceChildren();
    const first = new Promise<void>((resolve) => {
      this.begun = resolve;
      setTimeout(resolve, PATIENCE_MS);
    });
    const { signal } = this.giveUp;
    void first.then(() => this.pictures(series, signal));
  }

  /** Later and earlier studies, and the series of the one that was chosen. */
  besides(study: Study, others: readonly Study[], open: StudyDetail | null): void {
    const groups = (['later', 'earlier', 'other'] as const).flatMap((when) => {
      const those = others.filter((other) => whenOf(other, study) === when);
      if (those.length === 0) return [];
      const title = el('h2', { class: 'aside-title' }, TITLES[when]);
      return [title, ...those.flatMap((other) => this.beside(other, open))];
    });
    this.before.replaceChildren(...groups);
    void this.pictures(open?.series ?? [], this.giveUp.signal);
  }

  private beside(study: Study, open: StudyDetail | null): HTMLElement[] {
    const words = [date(study.study_date), study.modalities.join(' '), study.description];
    const row = button(words.filter(Boolean).join(' · '), 'prior', () => this.actions.prior(study));
    const series = study.id === open?.id ? open.series : null;
    set(row, 'aria-expanded', String(series !== null));
    return [row, ...(series ?? []).map((head) => this.tile(head))];
  }

  /** The first slice is on screen: from now on the line may carry small pictures too. */
  begin(): void {
    this.begun();
  }

  /** The active viewport's series, and those of the others. */
  mark(id: string, others: readonly string[]): void {
    for (const tile of this.tiles()) {
      const series = tile.dataset.series ?? '';
      const current = series === id;
      set(tile, 'aria-current', current ? 'true' : null);
      set(tile, 'data-hung', others.includes(series) ? 'true' : null);
      if (current) tile.scrollIntoView({ block: 'nearest' });
    }
  }

  /** An image may hold many frames, which only its listing tells. */
  frames(id: string, count: number): void {
    const facts = this.tiles().find(({ dataset }) => dataset.series === id);
    const words = facts?.querySelector('.tile-facts');
    if (words)
      say(
        words,
        `${words.textContent?.split(' · ').slice(0, -1).join(' · ')} · ${plural(count, 'frame')}`,
      );
  }

  /** How far the series of a viewport is: under way, proven, or with failures. */
  state(pane: Pane): void {
    this.moved.add(pane);
    this.timer ||= window.setTimeout(() => this.paint(), PAINT_MS);
  }

  private paint(): void {
    this.timer = 0;
    for (const pane of this.moved) this.tell(pane);
    this.moved.clear();
  }

  private tell(pane: Pane): void {
    const tile = this.tiles().find(({ dataset }) => dataset.series === pane.seriesId);
    const model = pane.session?.model;
    if (tile === undefined || model === undefined) return;
    const { counts } = model;
    const isDone = isComplete(counts, model.skipped.length);
    set(tile, 'data-state', counts.failed > 0 ? 'failed' : isDone ? 'done' : 'under-way');
    tile.style.setProperty('--share', String(counts.received / Math.max(1, counts.instances)));
    tile.title = words(counts);
  }

  close(): void {
    this.giveUp.abort();
    for (const address of this.addresses) URL.revokeObjectURL(address);
    this.addresses = [];
  }

  private tiles(): HTMLElement[] {
    return [...this.node.querySelectorAll<HTMLElement>('.tile')];
  }

  private tile(head: SeriesHead): HTMLElement {
    const title =
      head.description || head.protocol || head.body_part || (KINDS[head.modality] ?? 'Series');
    const number = head.number === null ? '' : `${head.number} · `;
    const node = el(
      'button',
      { type: 'button', class: 'tile', 'data-series': head.id, title, draggable: 'true' },
      el('span', { class: 'tile-picture' }, head.modality || '?'),
      el('span', { class: 'tile-state', 'aria-hidden': 'true' }),
      el('span', { class: 'tile-title' }, title),
      el('span', { class: 'tile-facts' }, `${number}${head.modality} · ${amount(head)}`),
    );
    node.addEventListener('click', () => this.actions.open(head));
    node.addEventListener('dragstart', (event) => event.dataTransfer?.setData(DRAG_TYPE, head.id));
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
      const blob = await this.drawn(head, instance, { signal });
      if (signal.aborted) return;
      const address = URL.createObjectURL(blob);
      this.addresses.push(address);
      const image = el('img', { src: address, alt: '', draggable: 'false' });
      await image.decode();
      this.node.querySelector(`[data-series="${head.id}"] .tile-picture`)?.replaceChildren(image);
    } catch {
      // The tile keeps its letters: a missing thumbnail is no news to a reader.
    }
  }

  private async drawn(head: SeriesHead, instance: string, watch: Watch): Promise<Blob> {
    if (head.modality === 'SM') {
      const whole = await slideThumbnail(this.transport, head.id, THUMBNAIL, watch).catch(
        () => null,
      );
      if (whole !== null) return whole;
    }
    return this.transport.picture(renderedPath(instance, 1, THUMBNAIL), watch);
  }
}

function amount({ modality, instance_count, frames = null }: SeriesHead): string {
  if (!isPicture(modality)) return plural(instance_count, 'object');
  return (frames ?? 1) > 1 ? plural(frames ?? 1, 'frame') : plural(instance_count, 'image');
}
