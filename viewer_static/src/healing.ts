/** Failures that may pass get second chances by themselves: a reader should not have to click for them. */
import type { Clock } from './clock.ts';
import type { SeriesModel } from './series.ts';

/** Between the rounds; then the placeholder stays until somebody says Retry. */
const ROUNDS_MS = [5_000, 20_000, 60_000] as const;

export class Healing {
  private round = 0;
  private cancel: (() => void) | null = null;

  constructor(
    private readonly model: SeriesModel,
    private readonly clock: Clock,
    /** Loads these slices again. */
    private readonly again: (indexes: readonly number[]) => void,
  ) {
    model.addEventListener('change', this.look);
  }

  close(): void {
    this.model.removeEventListener('change', this.look);
    this.cancel?.();
  }

  private get curable(): number[] {
    return this.model.failures.filter((index) => this.model.error(index)?.retryable);
  }

  private readonly look = (): void => {
    const wait = ROUNDS_MS[this.round];
    if (this.cancel !== null || wait === undefined || this.curable.length === 0) return;
    this.cancel = this.clock.after(wait, () => {
      this.cancel = null;
      this.round += 1;
      this.again(this.curable);
    });
  };
}
