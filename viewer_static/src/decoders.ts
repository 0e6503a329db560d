/** Decoding workers are scripts that are fetched too: a link that drops must leave no decode waiting for ever. */
import type { Clock } from './clock.ts';
import { recognised, ViewerError } from './errors.ts';

/** What is needed of the library's worker manager; it knows nothing of workers that never started. */
export interface WorkerManager {
  terminate(name: string): void;
  readonly workerRegistry: Readonly<
    Record<string, { readonly nativeWorkers: readonly EventTarget[] }>
  >;
}

/** The name the library gives its decoding workers. */
const WORKERS = 'dicomImageLoader';

/** The largest mammogram takes seconds; what takes this long has hung. */
const LIMIT_MS = 60_000;

export class Decoders {
  private readonly watched = new WeakSet<EventTarget>();
  private readonly deaths = new EventTarget();

  constructor(
    private readonly manager: WorkerManager,
    private readonly clock: Clock,
  ) {}

  /** Settles as the decode does; rejects when its worker could not be loaded, died or hangs. */
  guarded<T>(decode: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const died = () => reject(new ViewerError('engine', 'The decoder could not be loaded.'));
      const late = () => {
        reject(new ViewerError('decode', `The decoder did not answer for ${LIMIT_MS / 1_000} s.`));
        this.restart();
      };
      const cancel = this.clock.after(LIMIT_MS, late);
      this.deaths.addEventListener('death', died);
      decode()
        .then(resolve, (thrown: unknown) => reject(this.judged(thrown)))
        .finally(() => {
          cancel();
          this.deaths.removeEventListener('death', died);
        });
      this.watch();
    });
  }

  /** A decoder that could not fetch its own parts stays broken: only a new worker tries again. */
  private judged(thrown: unknown): ViewerError {
    const error = recognised(thrown);
    if (error.category === 'engine') this.restart();
    return error;
  }

  /** Also called as soon as the workers exist: one may die before the first decode. */
  watch(): void {
    for (const worker of this.manager.workerRegistry[WORKERS]?.nativeWorkers ?? []) {
      if (this.watched.has(worker)) continue;
      this.watched.add(worker);
      worker.addEventListener('error', () => this.restart());
    }
  }

  /** The library starts new workers with the next task. */
  private restart(): void {
    this.manager.terminate(WORKERS);
    this.deaths.dispatchEvent(new Event('death'));
  }
}
