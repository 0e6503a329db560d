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
export type Lid = Pick<
  Cover,
  'state' | 'isAwaiting' | 'off' | 'loading' | 'progress' | 'waiting' | 'failed'
>;

/**
 * A decoded picture is on the canvas one frame later; until then the old one stays with its own label,
 * which is honest and does not flicker. Whatever takes longer is covered.
 */
const FRAME_MS = 250;

/** Steps closer together than this are one movement; only where it stops is loaded at once. */
const HURRY_MS = 50;

/** Fires `shown` when the picture on screen changes and `wanted` when another one is asked for. */
export class Navigation extends EventTarget {
  wanted = 0;
  /** The slice on screen, proven and uncovered. */
  shown: Slice | null = null;
  /** Another one with each slice that is asked for, the same one again included. */
  turn = 0;
  private moved = Number.NEGATIVE_INFINITY;
  private readonly waits = new Map<string, Waiting>();
  private release: (() => void) | null = null;
  private closed = false;

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
    link.addEventListener('change', this.explain);
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
      if (this.hurried(slice)) await this.rest();
      if (turn !== this.turn) return;
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
    // A decode cannot be called back: it may speak long after its series was left.
    if (this.closed) return;
    if (waiting === null) this.waits.delete(instanceId);
    else this.waits.set(instanceId, waiting);
    if (waiting !== null) this.queue.share();
    if (this.waits.size === 0) this.released();
    else this.release ??= this.link.hold();
    this.explain();
  }

  /** How much of an instance is here, from 0 to 1. */
  received(instanceId: string, share: number): void {
    if (this.model.slices[this.wanted]?.instance.id === instanceId) this.cover.progress(share);
  }

  close(): void {
    this.closed = true;
    this.turn += 1;
    this.released();
    this.link.removeEventListener('change', this.explain);
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
      this.explain();
    };
    const ready = this.cover.state === 'off' && this.isDecoded(slice.imageId);
    if (!ready) {
      hide();
      return () => undefined;
    }
    return this.clock.after(FRAME_MS, hide);
  }

  /** A wheel that flies past slices must not start and drop a request for each. */
  private hurried(slice: Slice): boolean {
    const since = this.clock.now() - this.moved;
    this.moved = this.clock.now();
    return since < HURRY_MS && !this.isDecoded(slice.imageId);
  }

  private rest(): Promise<void> {
    return new Promise((resolve) => this.clock.after(HURRY_MS, resolve));
  }

  private reveal(slice: Slice): void {
    if (this.canvas.drawn !== slice.imageId) throw new ViewerError('draw');
    this.shown = slice;
    this.cover.off();
    this.dispatchEvent(new Event('shown'));
  }

  private failed(slice: Slice, error: ViewerError): void {
    this.leave();
    this.cover.failed(this.name(slice), error);
    // Loaded, yet not drawn: that counts as failed too. A reset driver is not the image's fault.
    if (error.category === 'draw') this.model.moved(slice.index, 'failed', error);
  }

  private leave(): void {
    if (this.shown === null) return;
    this.shown = null;
    this.dispatchEvent(new Event('shown'));
  }

  /** Turns "loading" into the reason why nothing moves, and back. */
  private readonly explain = (): void => {
    const slice = this.model.slices[this.wanted];
    if (slice === undefined || !this.cover.isAwaiting) return;
    const waiting = this.waits.get(slice.instance.id);
    if (waiting === undefined) {
      if (this.cover.state === 'waiting') this.cover.loading(this.name(slice));
      return;
    }
    this.cover.waiting(this.name(slice), this.link.sentence(waiting.error));
  };

  private released(): void {
    this.release?.();
    this.release = null;
  }
}
