/** From "slice n, please" to slice n proven on screen, or a placeholder: never the slice before it. */
import type { Clock } from './clock.ts';
import type { Cover } from './cover.ts';
import { recognised, ViewerError } from './errors.ts';
import type { Link } from './link.ts';
import type { Waiting } from './persist.ts';
import type { SliceQueue } from './queue.ts';
import type { SeriesModel, Slice } from './series.ts';

/** What the navigation needs of a viewport. */
export interface Canvas {
  open(imageIds: readonly string[]): void;
  show(imageId: string): Promise<void>;
  readonly drawn: string | null;
}

/** What it needs of a cover. */
export type Lid = Pick<Cover, 'state' | 'off' | 'loading' | 'waiting' | 'failed'>;

/**
 * A decoded picture is on the canvas one frame later; until then the old one stays with its own label,
 * which is honest and does not flicker. Whatever takes longer is covered.
 */
const FRAME_MS = 100;

/** Fires `shown` when the picture on screen changes and `wanted` when another one is asked for. */
export class Navigation extends EventTarget {
  wanted = 0;
  /** The slice on screen, proven and uncovered. */
  shown: Slice | null = null;
  private turn = 0;
  private release: () => void = () => undefined;

  constructor(
    private readonly model: SeriesModel,
    private readonly queue: SliceQueue,
    private readonly canvas: Canvas,
    private readonly cover: Lid,
    private readonly link: Link,
    private readonly isDecoded: (imageId: string) => boolean,
    private readonly clock: Clock,
  ) {
    super();
    canvas.open(model.slices.map((slice) => slice.imageId));
    link.addEventListener('change', this.reason);
  }

  /** Resolves when the slice, or the reason why not, is on screen. */
  async show(index: number, again = false): Promise<void> {
    const slice = this.model.slices[index];
    if (slice === undefined) return;
    this.turn += 1;
    const turn = this.turn;
    this.wanted = index;
    this.dispatchEvent(new Event('wanted'));
    const uncovered = this.conceal(slice, turn);
    try {
      await this.queue.want(index, again);
      if (turn === this.turn) await this.canvas.show(slice.imageId);
      if (turn === this.turn) this.reveal(slice);
    } catch (thrown) {
      if (turn === this.turn) this.failed(slice, recognised(thrown));
    } finally {
      uncovered();
    }
    if (turn === this.turn) this.queue.prefetch();
  }

  step(by: number): Promise<void> {
    const last = this.model.slices.length - 1;
    const index = Math.min(last, Math.max(0, this.wanted + by));
    return index === this.wanted ? Promise.resolve() : this.show(index);
  }

  retry(): Promise<void> {
    return this.show(this.wanted, true);
  }

  /** The canvas lost its contents: nothing on it can be believed until it is drawn again. */
  blind(): void {
    const slice = this.model.slices[this.wanted];
    this.turn += 1;
    if (slice !== undefined) this.failed(slice, new ViewerError('graphics'));
  }

  /** Called for every load of the series; only the wanted one speaks on the cover. */
  heard(instanceId: string, waiting: Waiting | null): void {
    const slice = this.model.slices[this.wanted];
    if (slice?.instance.id !== instanceId || this.cover.state === 'failed') return;
    this.release();
    this.release = () => undefined;
    if (waiting === null) {
      if (this.cover.state === 'waiting') this.cover.loading(this.name(slice));
      return;
    }
    this.release = this.link.hold();
    this.cover.waiting(this.name(slice), this.link.sentence());
  }

  close(): void {
    this.turn += 1;
    this.release();
    this.link.removeEventListener('change', this.reason);
    this.leave();
    this.cover.loading('');
  }

  name(slice: Slice): string {
    return slice.instance.frames > 1 && this.model.instances.length === 1
      ? `Frame ${slice.frame}`
      : `Slice ${slice.index + 1}`;
  }

  /** Covers at once, or after a frame when the picture is already decoded. */
  private conceal(slice: Slice, turn: number): () => void {
    const hide = () => {
      if (turn !== this.turn) return;
      this.leave();
      this.cover.loading(this.name(slice));
    };
    const ready = this.cover.state === 'off' && this.isDecoded(slice.imageId);
    if (!ready) {
      hide();
      return () => undefined;
    }
    return this.clock.after(FRAME_MS, hide);
  }

  private reveal(slice: Slice): void {
    if (this.canvas.drawn !== slice.imageId) throw new ViewerError('draw');
    this.release();
    this.shown = slice;
    this.cover.off();
    this.dispatchEvent(new Event('shown'));
  }

  private failed(slice: Slice, error: ViewerError): void {
    this.leave();
    this.release();
    this.cover.failed(this.name(slice), error);
    // Loaded, yet not drawn: that counts as failed too. A reset driver is not the image's fault.
    if (error.category === 'draw') this.model.moved(slice.index, 'failed', error);
  }

  private leave(): void {
    if (this.shown === null) return;
    this.shown = null;
    this.dispatchEvent(new Event('shown'));
  }

  private readonly reason = () => {
    const slice = this.model.slices[this.wanted];
    if (this.cover.state === 'waiting' && slice !== undefined) {
      this.cover.waiting(this.name(slice), this.link.sentence());
    }
  };
}
