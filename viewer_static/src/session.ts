/** One open series: its model, loads, navigation and cine, from opening to leaving. */
import { type Ahead, pathOf } from './ahead.ts';
import { directPath, type Instance, renderedPath, type SeriesDetail } from './api.ts';
import type { Budget } from './budget.ts';
import { Cine, following } from './cine.ts';
import { wallClock } from './clock.ts';
import type { Cover } from './cover.ts';
import { recognised, ViewerError } from './errors.ts';
import type { Keeper, VerifiedFile } from './files.ts';
import { Healing } from './healing.ts';
import type { Link } from './link.ts';
import { Navigation } from './navigation.ts';
import type { Watch } from './persist.ts';
import type { Proven } from './proven.ts';
import { SliceQueue } from './queue.ts';
import { QuickLook } from './quick-look.ts';
import { SeriesModel, type Slice } from './series.ts';
import { isOfPicture } from './telemetry.ts';
import type { Transport } from './transport.ts';
import type { StackView } from './viewports.ts';

export type Engine = typeof import('./loader.ts');

export interface Desk {
  readonly transport: Transport;
  readonly link: Link;
  readonly engine: Engine;
  readonly view: StackView;
  readonly cover: Cover;
  readonly budget: Budget;
  /** Under way since before the engine was there. */
  readonly ahead: Ahead | null;
  readonly quickLook: () => boolean;
}

/** Of the memory for decoded pictures, what one series may fill by prefetching. */
const SHARE = 0.8;
/** Of the wanted picture; so near its end no preview comes before it. */
const ENOUGH = 0.5;

export class Session implements Keeper {
  readonly model: SeriesModel;
  readonly navigation: Navigation;
  readonly cine: Cine;
  private readonly queue: SliceQueue;
  private readonly healing: Healing;
  private readonly quick: QuickLook;
  /** How much of the wanted picture is here, from 0 to 1. */
  private arrived = 0;
  private readonly leaving = new AbortController();
  private readonly came = new Map<string, Pick<Proven, 'syntax' | 'md5' | 'requestId'>>();

  constructor(
    detail: SeriesDetail,
    private readonly desk: Desk,
  ) {
    const { engine, view, cover, link } = desk;
    this.model = new SeriesModel(detail);
    this.queue = new SliceQueue(
      this.model,
      (index, signal) => this.load(index, signal),
      () => this.reach(),
      wallClock,
      desk.budget,
    );
    this.navigation = new Navigation(
      this.model,
      this.queue,
      view,
      cover,
      link,
      engine.isCached,
      wallClock,
    );
    this.cine = new Cine(wallClock, () => this.nextFrame());
    this.healing = new Healing(this.model, wallClock, (indexes) => this.again(indexes));
    this.quick = new QuickLook({ transport: desk.transport, cover, clock: wallClock });
    this.navigation.addEventListener('wanted', () => this.look());
    engine.files.enter(this);
    for (const { imageId, instance } of this.model.slices) {
      if (engine.files.proofs.of(instance) === null) engine.discard(imageId);
    }
  }

  async start(first: number): Promise<void> {
    if (this.model.slices.length === 0) {
      this.desk.cover.message('Nothing to show', 'This series lists no image that can be opened.');
      return;
    }
    const began = wallClock.now();
    await this.navigation.show(first);
    if (this.desk.cover.state !== 'off') return;
    this.desk.transport.seen?.time('first-image', wallClock.now() - began);
  }

  /** For what is fetched on behalf of the series, until it is left. */
  get watching(): Watch {
    return { signal: this.leaving.signal };
  }

  get wanted(): Slice | null {
    return this.model.slices[this.navigation.wanted] ?? null;
  }

  close(): void {
    this.cine.stop();
    this.leaving.abort();
    this.healing.close();
    this.quick.close();
    this.queue.close();
    this.desk.ahead?.close();
    this.navigation.close();
    this.desk.engine.files.leave(this);
  }

  /** Everything that failed, once more, the wanted one first. */
  async retryAll(): Promise<void> {
    this.pardon(this.model.failures);
    await this.navigation.retry();
  }

  /** The picture as the server draws it, for what this browser cannot draw. */
  async rendered(): Promise<void> {
    const { navigation, desk, wanted: slice } = this;
    if (slice === null) return;
    desk.cover.message(navigation.name(slice), 'The server is drawing the picture.');
    await this.instead(slice, async (isDue) => {
      const path = renderedPath(slice.instance.id, slice.frame, 0);
      const blob = await desk.transport.picture(path, this.watching);
      if (isDue()) await desk.cover.rendered(blob);
    });
  }

  /** In an emergency: where the archive itself has it. */
  async direct(): Promise<void> {
    const { desk, wanted: slice } = this;
    if (slice === null) return;
    await this.instead(slice, async (isDue) => {
      const path = directPath(slice.instance.id);
      const answer = await desk.transport.change('POST', path, {}, this.watching);
      if (isDue()) desk.cover.direct((answer as { url: string }).url);
    });
  }

  /** What stands in for a picture, until its reader goes on, or comes back to it. */
  private async instead(slice: Slice, act: (isDue: () => boolean) => Promise<void>): Promise<void> {
    const { navigation, desk } = this;
    const { turn } = navigation;
    const isDue = () => navigation.turn === turn;
    try {
      await act(isDue);
    } catch (thrown) {
      if (isDue()) desk.cover.failed(navigation.name(slice), recognised(thrown));
    }
  }

  /** Not where the reader turned or mirrored the pictures: a preview would lie the other way. */
  private look(): void {
    const { wanted, desk } = this;
    if (wanted === null || !desk.quickLook() || desk.view.isTurned) return;
    const isDue = () => this.wanted === wanted && this.arrived < ENOUGH && desk.cover.isAwaiting;
    this.arrived = 0;
    this.quick.for(wanted, isDue);
  }

  private again(indexes: readonly number[]): void {
    const seen = indexes.includes(this.navigation.wanted);
    this.pardon(indexes);
    if (seen && this.desk.cover.state === 'failed') void this.navigation.retry();
    else this.queue.prefetch();
  }

  private pardon(indexes: readonly number[]): void {
    for (const index of indexes) {
      const slice = this.model.slices[index];
      if (slice !== undefined) this.desk.engine.files.pardon(slice.instance.id);
      this.model.moved(index, 'absent');
    }
  }

  private async nextFrame(): Promise<void> {
    const { navigation, model } = this;
    const span = this.cine.span ?? [0, model.slices.length - 1];
    await navigation.show(following(navigation.wanted, span));
  }

  async load(index: number, signal: AbortSignal): Promise<void> {
    const slice = this.model.slices[index];
    if (slice === undefined) throw new ViewerError('not-found');
    await this.desk.engine.loadSlice(slice.imageId, signal).catch((thrown: unknown) => {
      // What failed on the way is counted with each try already.
      if (!signal.aborted) this.undrawn(slice.instance, recognised(thrown));
      throw thrown;
    });
    this.recall(slice.instance);
  }

  /** The file came right, and no picture came of it. */
  private undrawn({ id, md5 }: Instance, { category }: ViewerError): void {
    const { seen } = this.desk.transport;
    const came = this.came.get(id);
    if (seen === undefined || !isOfPicture(category)) return;
    seen.count(category, came?.syntax ?? '');
    seen.trace({
      at: new Date().toISOString(),
      kind: 'picture',
      status: null,
      ms: 0,
      outcome: category,
      request_id: came?.requestId ?? null,
      digests: { expected: md5, got: came?.md5 ?? null },
    });
  }

  /** The picture was still decoded from an earlier visit: so is the proof of its file. */
  private recall(instance: Instance): void {
    if (this.model.integrity(instance.id) !== null) return;
    const proof = this.desk.engine.files.proofs.of(instance);
    if (proof !== null) this.model.proven(instance.id, proof.integrity, proof.converted);
  }

  holds(instanceId: string): boolean {
    return this.model.instance(instanceId) !== undefined;
  }

  stubborn<T>(id: string, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    return this.desk.transport.stubbornly(this.watch(id, signal), attempt);
  }

  async source(id: string, signal: AbortSignal): Promise<VerifiedFile> {
    const instance = this.model.instance(id);
    if (instance === undefined) throw new ViewerError('cancelled');
    const watch = this.watch(id, signal);
    const { transport, ahead } = this.desk;
    const { study } = this.model.detail;
    const early = ahead?.take(id, watch) ?? null;
    const wanted = { ...instance, study };
    const proven = await (early ?? transport.instance(pathOf(transport, instance), wanted, watch));
    this.came.set(id, { syntax: proven.syntax, md5: proven.md5, requestId: proven.requestId });
    this.desk.engine.files.proofs.keep(instance, proven);
    this.model.proven(id, proven.integrity, proven.converted);
    return { bytes: proven.bytes, sopUid: instance.sop_uid };
  }

  private watch(id: string, signal: AbortSignal): Watch {
    return {
      signal,
      waiting: (waiting) => this.navigation.heard(id, waiting),
      received: (bytes, total) => {
        if (this.wanted?.instance.id === id) this.arrived = bytes / total;
        this.navigation.received(id, bytes / total);
      },
    };
  }

  evicted(imageId: string): void {
    const slice = this.model.slice(imageId);
    if (slice !== undefined) this.queue.evicted(slice.index);
  }

  /** How far to each side slices may be kept decoded; before the first picture only a few. */
  private reach(): number {
    const size = this.pictureBytes();
    if (size === 0) return 2;
    const { engine, budget } = this.desk;
    return Math.max(2, Math.floor((engine.memory().limit * SHARE) / budget.parties / size / 2));
  }

  /** Of the visible slice, or of any other: one that does not come must not hold back the rest. */
  private pictureBytes(): number {
    const { model, wanted, desk } = this;
    const bytes = ({ imageId }: Slice) => desk.engine.decodedBytes(imageId);
    const known = wanted === null ? 0 : bytes(wanted);
    if (known > 0) return known;
    const other = model.slices.find((slice) => bytes(slice) > 0);
    return other === undefined ? 0 : bytes(other);
  }
}
