/** A series as one block of voxels, made of its proven pictures and of nothing else. */
import type { Budget } from './budget.ts';
import type { Raw } from './figures/spacing.ts';
import type { Vector } from './geometry.ts';
import type { Cut } from './volume-cut.ts';
import { type Source, VolumeFeed } from './volume-feed.ts';
import { type Grid, gridOf, type Header, headerOf, objection, voxelsIn } from './volume-grid.ts';
import { tooLarge } from './volume-limit.ts';
import type { Pile, Through } from './volume-sheets.ts';
import type { Stack } from './volume-stack.ts';
import { bytesOf, type Kind, kindOf, type Values } from './volume-voxels.ts';
import type { Order, Report, Sliced } from './volume-worker.ts';

export interface VolumeDesk {
  readonly source: Source;
  readonly budget: Budget;
  /** The values of a decoded picture after rescale; null when it is not decoded. */
  readonly values: (imageId: string) => ArrayLike<number> | null;
  readonly raw: (imageId: string) => Raw;
  readonly worker: () => Worker;
}

export interface Made {
  readonly grid: Grid;
  readonly bytes: number;
  /** Frame of Reference UID; empty where the files name none. */
  readonly frame: string;
}

/** Fires `made` once its size is known, `change` when a slice came or failed, `refused`. */
export class Volume extends EventTarget {
  made: Made | null = null;
  refusal: string | null = null;
  /** Counts the slices that came: a picture older than that is to be cut again. */
  revision = 0;
  private first: Header | null = null;
  private worker: Worker | null = null;
  private readonly held: boolean[];
  /** Where in the stack a slice of the list stands. */
  private readonly rank = new Map<number, number>();
  private readonly waiting = new Map<number, (sliced: Sliced) => void>();
  private readonly feed: VolumeFeed;
  private turn = 0;

  constructor(
    private readonly desk: VolumeDesk,
    private readonly stack: Stack,
    centre: number,
  ) {
    super();
    const { source, budget } = desk;
    this.held = stack.order.map(() => false);
    stack.order.forEach((index, rank) => {
      this.rank.set(index, rank);
    });
    const lacks = (index: number) => this.rank.has(index) && !this.holds(index);
    this.feed = new VolumeFeed(source, budget, lacks, (index) => this.take(index), centre);
    source.model.addEventListener('change', this.look);
  }

  start(): void {
    this.look();
  }

  close(): void {
    this.desk.source.model.removeEventListener('change', this.look);
    this.feed.close();
    this.worker?.terminate();
    this.worker = null;
    this.waiting.clear();
  }

  get count(): number {
    return this.held.filter(Boolean).length;
  }

  get total(): number {
    return this.held.length;
  }

  get isComplete(): boolean {
    return this.count === this.total;
  }

  /** Of the list: slices of the volume that are neither here nor on their way. */
  get failures(): readonly number[] {
    const { failures } = this.desk.source.model;
    return failures.filter((index) => this.rank.has(index) && !this.holds(index));
  }

  /** Masks and contours to be cut with it, in place of those before. */
  lay(piles: readonly Pile[]): void {
    this.tell({ lay: piles });
  }

  /** The pixels of a cut; never settles once the volume is left. */
  cut(cut: Cut, through: Through | null = null): Promise<Sliced> {
    this.turn += 1;
    this.tell({ cut, through, turn: this.turn });
    return new Promise((resolve) => this.waiting.set(this.turn, resolve));
  }

  private holds(index: number): boolean {
    return this.held[this.rank.get(index) ?? -1] ?? false;
  }

  private readonly look = (): void => {
    if (this.refusal !== null) return;
    const { model } = this.desk.source;
    for (const { index } of model.slices)
      if (model.state(index) === 'ready' && !this.holds(index)) this.take(index);
    this.dispatchEvent(new Event('change'));
    this.feed.prefetch();
  };

  private take(index: number): void {
    const slice = this.desk.source.model.slices[index];
    const rank = this.rank.get(index);
    if (slice === undefined || rank === undefined || this.refusal !== null) return;
    const values = this.desk.values(slice.imageId);
    // Left the memory meanwhile: it will be asked for again.
    if (values === null || this.held[rank]) return;
    const wrong = this.judged(
      this.stack.places[rank] as Vector,
      this.desk.raw(slice.imageId),
      values,
    );
    if (wrong !== null) {
      this.refuse(wrong);
      return;
    }
    const own = (values as Values).slice();
    this.tell({ put: rank, values: own }, [own.buffer]);
    this.held[rank] = true;
    this.revision += 1;
  }

  private judged(place: Vector, raw: Raw, values: ArrayLike<number>): string | null {
    const header = headerOf(raw);
    if (typeof header === 'string') return header;
    const kind = kindOf(values);
    if (kind === null || values.length !== header.rows * header.columns)
      return 'The pixels are of a kind that no volume is made of.';
    const wrong = objection(header, this.first ?? header, this.stack, place);
    return wrong ?? this.making(header, kind);
  }

  private making(header: Header, kind: Kind): string | null {
    if (this.made !== null) return null;
    const grid = gridOf(this.stack, header);
    const bytes = voxelsIn(grid) * bytesOf(kind);
    const wrong = tooLarge(bytes, localStorage);
    if (wrong !== null) return wrong;
    this.first = header;
    this.worker = this.hired();
    this.made = { grid, bytes, frame: header.frame };
    const { columns, rows, slices } = grid;
    this.tell({ make: { columns, rows, slices }, kind });
    this.dispatchEvent(new Event('made'));
    return null;
  }

  private hired(): Worker {
    const worker = this.desk.worker();
    worker.addEventListener('message', ({ data }: MessageEvent<Report>) => this.heard(data));
    for (const name of ['error', 'messageerror'] as const)
      worker.addEventListener(name, () =>
        this.refuse('A part of the viewer could not be loaded. Close this and try again.'),
      );
    return worker;
  }

  private heard(report: Report): void {
    if ('failed' in report) this.refuse('The browser did not give the memory for this volume.');
    else {
      this.waiting.get(report.turn)?.(report);
      this.waiting.delete(report.turn);
    }
  }

  private refuse(reason: string): void {
    this.refusal = reason;
    this.close();
    this.dispatchEvent(new Event('refused'));
  }

  private tell(order: Order, transfer: Transferable[] = []): void {
    this.worker?.postMessage(order, transfer);
  }
}
