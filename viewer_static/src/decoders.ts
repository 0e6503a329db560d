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
/** For the script of 40 kB to come; a slow line is given twice as long each time. */
const PATIENT_MS = 30_000;
const MOST_PATIENT_MS = 120_000;

const seconds = (ms: number): string => `${ms / 1_000} s`;

export class Decoders {
  private readonly watched = new WeakSet<EventTarget>();
  private readonly deaths = new EventTarget();
  /** Settles when a worker has come; null while none was called. */
  private here: Promise<void> | null = null;
  private patience = PATIENT_MS;

  constructor(
    private readonly manager: WorkerManager,
    private readonly clock: Clock,
    /** What any worker answers at once. */
    private readonly greet: () => Promise<unknown>,
  ) {}

  /** Settles as the decode does; rejects when its worker could not be loaded, died or hangs. */
  async guarded<T>(decode: () => Promise<T>): Promise<T> {
    await this.come();
    const hung = `The decoder did not answer for ${seconds(LIMIT_MS)}.`;
    return this.within(LIMIT_MS, decode, new ViewerError('decode', hung));
  }

  /** How long the worker is on its way says nothing of the picture: that is not counted as decoding. */
  come(): Promise<void> {
    this.here ??= this.greeted().catch((thrown) => {
      this.here = null;
      throw thrown;
    });
    return this.here;
  }

  private async greeted(): Promise<void> {
    const { patience } = this;
    this.patience = Math.min(2 * patience, MOST_PATIENT_MS);
    const late = `The decoder did not arrive within ${seconds(patience)}.`;
    await this.within(patience, this.greet, new ViewerError('engine', late));
    this.patience = PATIENT_MS;
  }

  private within<T>(limitMs: number, work: () => Promise<T>, late: ViewerError): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const died = () => reject(new ViewerError('engine', 'The decoder could not be loaded.'));
      const cancel = this.clock.after(limitMs, () => {
        reject(late);
        this.restart();
      });
      this.deaths.addEventListener('death', died);
      work()
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
    this.here = null;
    this.manager.terminate(WORKERS);
    this.deaths.dispatchEvent(new Event('death'));
  }
}
