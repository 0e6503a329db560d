/** Brings every slice of a series once, as many at a time as the link has room for. */
import type { Budget, Party } from './budget.ts';
import { recognised } from './errors.ts';
import { outwards } from './queue.ts';
import type { SeriesModel } from './series.ts';

export interface Source {
  readonly model: SeriesModel;
  load(index: number, signal: AbortSignal): Promise<void>;
}

export class VolumeFeed implements Party {
  /** A reader waits for the picture below more than for any one slice of a volume. */
  readonly isUrgent = false;
  private readonly tasks = new Map<number, AbortController>();
  private readonly order: readonly number[];
  private closed = false;

  constructor(
    private readonly source: Source,
    private readonly budget: Budget,
    /** Whether the volume still lacks it. */
    private readonly lacks: (index: number) => boolean,
    /** It is decoded at this moment. */
    private readonly came: (index: number) => void,
    centre: number,
  ) {
    const count = source.model.slices.length;
    this.order = [centre, ...outwards(count, centre)];
    budget.enter(this);
  }

  get size(): number {
    return this.tasks.size;
  }

  prefetch(): void {
    for (const index of this.order) {
      if (this.closed || !this.budget.hasRoom || this.budget.isUrgentFor(this)) return;
      if (this.isFree(index)) void this.bring(index);
    }
  }

  yieldOne(): boolean {
    const last = [...this.tasks.keys()].at(-1);
    if (last === undefined) return false;
    this.giveUp(last);
    return true;
  }

  close(): void {
    this.closed = true;
    this.budget.leave(this);
    for (const index of [...this.tasks.keys()]) this.giveUp(index);
  }

  /** What the series itself loads comes from there. */
  private isFree(index: number): boolean {
    const { model } = this.source;
    const state = model.state(index);
    return this.lacks(index) && !this.tasks.has(index) && state !== 'loading' && state !== 'failed';
  }

  private giveUp(index: number): void {
    this.tasks.get(index)?.abort();
    this.tasks.delete(index);
    this.source.model.moved(index, 'absent');
  }

  private async bring(index: number): Promise<void> {
    const { model } = this.source;
    const giveUp = new AbortController();
    this.tasks.set(index, giveUp);
    if (model.state(index) === 'absent') model.moved(index, 'loading');
    const failed = await this.source.load(index, giveUp.signal).then(() => null, recognised);
    if (this.tasks.get(index) !== giveUp) return;
    this.tasks.delete(index);
    if (failed === null) {
      this.came(index);
      model.moved(index, 'ready', null);
    } else if (failed.category === 'cancelled') model.moved(index, 'absent');
    else model.moved(index, 'failed', failed);
    this.budget.next(this);
  }
}
