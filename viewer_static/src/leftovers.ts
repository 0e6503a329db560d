/** Beginnings of files whose loads were given up: the next load of the file goes on from there. */
import { Partial } from './partial.ts';

/** Together; a beginning larger than this is not kept. */
const MOST_BYTES = 64 * 1024 ** 2;

export class Leftovers {
  private readonly kept = new Map<string, Partial>();

  /** The beginning of the file, which then belongs to the caller. */
  take(path: string): Partial {
    const partial = this.kept.get(path) ?? new Partial();
    this.kept.delete(path);
    return partial;
  }

  /** Oldest go first. */
  keep(path: string, partial: Partial): void {
    if (partial.received === 0) return;
    this.kept.set(path, partial);
    for (const oldest of this.kept.keys()) {
      if (this.bytes <= MOST_BYTES) return;
      this.kept.delete(oldest);
    }
  }

  private get bytes(): number {
    return [...this.kept.values()].reduce((sum, { total }) => sum + total, 0);
  }
}
