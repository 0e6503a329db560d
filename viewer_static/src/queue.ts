/** Which slices are being loaded: the visible one first, then outwards, a few at a time. */
import { Budget, type Party } from './budget.ts';
import type { Clock } from './clock.ts';
import { recognised, type ViewerError } from './errors.ts';
import type { SeriesModel } from './series.ts';

const pair = (count: number, centre: number, away: number): number[] =>
  [centre + away, centre - away].filter((index) => index >= 0 && index < count);

/** All indexes but the centre, outwards from it. */
export const outwards = (count: number, centre: number): number[] =>
  Array.from({ length: Math.max(0, count - 1) }, (_, at) => pair(count, centre, at + 1)).flat();

/** The same way, the direction of travel first at equal distance; what is loaded is not looked at again. */
export class Outwards {
  private distance = 1;

  constructor(
    private readonly count: number,
    readonly centre: number,
    readonly direction: 1 | -1,
  ) {}

  /** The next one that is wanted. What was passed over before is wanted again only after `back`. */
  next(reach: number, isWanted: (index: number) => boolean): number | null {
    const { count, centre, direction } = this;
    for (; this.distance <= Math.min(reach, count - 1); this.distance++) {
      const found = pair(count, centre, direction * this.distance).find(isWanted);
      if (found !== undefined) return found;
    }
    return null;
  }

  back(index: number): void {
    this.distance = Math.max(1, Math.min(this.distance, Math.abs(index - this.centre)));
  }
}

export type Load = (index: number, signal: AbortSignal, urgent: boolean) => Promise<void>;

/** A visible slice that takes longer than this gets the whole link for itself. */
const ALONE_MS = 300;
/** Unless it takes that long alone too: on a long line, slices side by side cost nothing. */
const LONGEST_MS = 2_000;
const USUAL = 1.5;

interface Task {
  readonly index: number;
  readonly began: number;
  readonly giveUp: AbortController;
  readonly done: Promise<void>;
}

export class SliceQueue implements Party {
  private readonly tasks = new Map<number, Task>();
  private way: Outwards;
  private closed = false;
  private relax: () => void = () => undefined;
  /** Nothing is prefetched until the visible slice has come. */
  private alone = false;
  private isShared = false;
  private patienceMs = ALONE_MS;

  constructor(
    private readonly model: SeriesModel,
    private readonly load: Load,
    /** How many slices around the visible one may be kept decoded. */
    private readonly reach: () => number,
    private readonly clock: Clock,
    private readonly budget = new Budget(),
  ) {
    this.way = new Outwards(model.slices.length, 0, 1);
    model.addEventListener('absent', this.missed);
    budget.enter(this);
  }

  private readonly missed = (event: Event): void =>
    this.way.back((event as CustomEvent<number>).detail);

  private get centre(): number {
    return this.way.centre;
  }

  get size(): number {
    return this.tasks.size;
  }

  /** The visible slice is still on its way, and takes something of the link. */
  get isUrgent(): boolean {
    return !this.isShared && this.tasks.has(this.centre);
  }

  /** Loads the slice before all others; rejects with the reason it cannot be shown. */
  async want(index: number, again = false): Promise<void> {
    if (index !== this.centre)
      this.way = new Outwards(this.model.slices.length, index, index > this.centre ? 1 : -1);
    this.isShared = false;
    const known = this.model.error(index);
    if (known !== null && !again) throw known;
    const task = this.tasks.get(index) ?? this.begin(index, true);
    this.relax();
    this.relax = this.clock.after(this.patienceMs, () => this.clear(index));
    await task.done;
  }

  /** The visible slice is waited for, and takes nothing of the link: the others may have it. */
  share(): void {
    this.alone = false;
    this.isShared = true;
    this.prefetch();
  }

  /** Fills free places outwards from the visible slice. */
  prefetch(): void {
    this.alone &&= this.tasks.has(this.centre);
    if (this.closed || this.alone || this.budget.isUrgentFor(this)) return;
    const reach = this.reach();
    const isWanted = (index: number) =>
      this.model.state(index) === 'absent' && !this.tasks.has(index);
    while (this.budget.hasRoom) {
      const index = this.way.next(reach, isWanted);
      if (index === null) return;
      this.begin(index, false);
    }
  }

  /** The reader left the series. */
  close(): void {
    this.closed = true;
    this.budget.leave(this);
    this.model.removeEventListener('absent', this.missed);
    this.relax();
    for (const task of this.tasks.values()) task.giveUp.abort();
    this.tasks.clear();
  }

  /** The picture left the memory: it may be loaded again. */
  evicted(index: number): void {
    if (this.model.state(index) === 'ready') this.model.moved(index, 'absent');
  }

  get active(): readonly number[] {
    return [...this.tasks.keys()];
  }

  private begin(index: number, urgent: boolean): Task {
    if (urgent) this.budget.makeRoom(this);
    const giveUp = new AbortController();
    const seen = this.model.state(index) === 'ready';
    const done = this.load(index, giveUp.signal, urgent).then(
      () => this.ended(index, giveUp, null),
      (thrown: unknown) => this.ended(index, giveUp, recognised(thrown)),
    );
    done.catch(() => undefined);
    const task = { index, giveUp, done, began: this.clock.now() };
    this.tasks.set(index, task);
    // Whoever hears it must know that the place is taken.
    if (!seen) this.model.moved(index, 'loading');
    return task;
  }

  /** A prefetched slice, the farthest one, gives up its place; false when there is none. */
  yieldOne(): boolean {
    const far = [...this.tasks.values()]
      .filter(({ index }) => index !== this.centre)
      .sort(
        (one, other) => Math.abs(other.index - this.centre) - Math.abs(one.index - this.centre),
      )[0];
    if (far !== undefined) this.giveUp(far);
    return far !== undefined;
  }

  /** On a slow link the others would take most of it; what they have is kept and continued later. */
  private clear(index: number): void {
    if (!this.tasks.has(index) || index !== this.centre || this.isShared) return;
    this.alone = true;
    this.budget.clear();
  }

  private learn({ began }: Task): void {
    const usual = USUAL * (this.clock.now() - began);
    this.patienceMs = Math.min(LONGEST_MS, Math.max(ALONE_MS, usual));
  }

  private giveUp(task: Task): void {
    this.tasks.delete(task.index);
    task.giveUp.abort();
    this.model.moved(task.index, 'absent');
  }

  private ended(index: number, giveUp: AbortController, error: ViewerError | null): void {
    const task = this.tasks.get(index);
    if (task?.giveUp === giveUp) this.settled(task, error);
    if (error !== null) throw error;
  }

  private settled(task: Task, error: ViewerError | null): void {
    const { index } = task;
    if (error === null && this.alone && index === this.centre) this.learn(task);
    this.tasks.delete(index);
    if (error === null) this.model.moved(index, 'ready', null);
    else if (error.category === 'cancelled') this.model.moved(index, 'absent', null);
    else this.model.moved(index, 'failed', error);
    this.budget.next(this);
  }
}
