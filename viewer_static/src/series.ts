/** What is known of an open series: its slices in order, what has arrived, what is proven, what failed. */
import { type Instance, isArchiveId, type SeriesDetail, type Skipped } from './api.ts';
import type { ViewerError } from './errors.ts';

export interface Slice {
  readonly index: number;
  readonly imageId: string;
  readonly instance: Instance;
  /** From 1. */
  readonly frame: number;
}

export type SliceState = 'absent' | 'loading' | 'ready' | 'failed';

export interface Counts {
  readonly instances: number;
  readonly received: number;
  readonly verified: number;
  readonly lengthOnly: number;
  readonly failed: number;
}

/** Own scheme; frames from 1; nothing in it that Cornerstone would read as a path of its own. */
export function imageIdOf(instanceId: string, frame: number, frames: number): string {
  return frames > 1 ? `vdcm:${instanceId}?frame=${frame}` : `vdcm:${instanceId}`;
}

function slicesOf(instances: readonly Instance[]): Slice[] {
  const slices: Slice[] = [];
  for (const instance of instances) {
    const frames = Math.max(1, instance.frames);
    for (let frame = 1; frame <= frames; frame++) {
      const imageId = imageIdOf(instance.id, frame, frames);
      slices.push({ index: slices.length, imageId, instance, frame });
    }
  }
  return slices;
}

function objection(instance: Instance, seen: Set<string>): string | null {
  if (!isArchiveId(instance.id)) return 'its identifier is malformed';
  if (seen.has(instance.id)) return 'it is listed twice';
  if (!Number.isInteger(instance.size) || instance.size <= 0) return 'its size is unknown';
  return null;
}

/** Entries that cannot be asked for safely are named to the reader, never silently dropped. */
export function sifted(detail: SeriesDetail): { good: Instance[]; skipped: Skipped[] } {
  const good: Instance[] = [];
  const skipped: Skipped[] = [...(detail.skipped ?? [])];
  const seen = new Set<string>();
  for (const instance of detail.instances) {
    const reason = objection(instance, seen);
    if (reason === null) good.push(instance);
    else skipped.push({ id: String(instance.id), reason });
    seen.add(instance.id);
  }
  return { good, skipped };
}

/** Fires `change` whenever a count or a slice's state moves, `absent` with the index of one that is to be loaded. */
export class SeriesModel extends EventTarget {
  readonly slices: readonly Slice[];
  readonly instances: readonly Instance[];
  readonly skipped: readonly Skipped[];
  private readonly byImageId: ReadonlyMap<string, Slice>;
  private readonly byInstance: ReadonlyMap<string, Instance>;
  private readonly proofs = new Map<string, 'md5' | 'length'>();
  private readonly conversions = new Map<string, string>();
  private readonly states: SliceState[];
  private lengthOnly = 0;
  /** Failed slices of an instance: a file of many frames may fail in some. */
  private readonly failed = new Map<string, number>();
  private readonly errors = new Map<number, ViewerError>();

  constructor(readonly detail: SeriesDetail) {
    super();
    const { good, skipped } = sifted(detail);
    this.instances = good;
    this.skipped = skipped;
    this.slices = slicesOf(good);
    this.byImageId = new Map(this.slices.map((slice) => [slice.imageId, slice]));
    this.byInstance = new Map(good.map((instance) => [instance.id, instance]));
    this.states = this.slices.map(() => 'absent');
  }

  instance(id: string): Instance | undefined {
    return this.byInstance.get(id);
  }

  slice(imageId: string): Slice | undefined {
    return this.byImageId.get(imageId);
  }

  state(index: number): SliceState {
    return this.states[index] ?? 'absent';
  }

  error(index: number): ViewerError | null {
    return this.errors.get(index) ?? null;
  }

  converted(instanceId: string): string | null {
    return this.conversions.get(instanceId) ?? null;
  }

  integrity(instanceId: string): 'md5' | 'length' | null {
    return this.proofs.get(instanceId) ?? null;
  }

  proven(instanceId: string, integrity: 'md5' | 'length', converted: string | null): void {
    this.lengthOnly += Number(integrity === 'length');
    this.lengthOnly -= Number(this.proofs.get(instanceId) === 'length');
    this.proofs.set(instanceId, integrity);
    if (converted !== null) this.conversions.set(instanceId, converted);
    this.changed();
  }

  /** A slice that is shown again is ready as before, and nobody is told. */
  moved(index: number, state: SliceState, error: ViewerError | null = null): void {
    if (this.states[index] === state && this.error(index) === error) return;
    this.recount(index, Number(state === 'failed') - Number(this.states[index] === 'failed'));
    this.states[index] = state;
    if (error === null) this.errors.delete(index);
    else this.errors.set(index, error);
    if (state === 'absent') this.dispatchEvent(new CustomEvent('absent', { detail: index }));
    this.changed();
  }

  /** Asked for at every change, of thousands of slices: kept up, not counted. */
  get counts(): Counts {
    const received = this.proofs.size;
    return {
      instances: this.instances.length,
      received,
      verified: received - this.lengthOnly,
      lengthOnly: this.lengthOnly,
      failed: this.failed.size,
    };
  }

  /** Nothing is under way or to come: each image is here, or has failed. */
  get isOver(): boolean {
    return this.proofs.size + this.failed.size >= this.instances.length;
  }

  get failures(): number[] {
    if (this.failed.size === 0) return [];
    return this.slices.filter((slice) => this.state(slice.index) === 'failed').map((s) => s.index);
  }

  private recount(index: number, by: number): void {
    const id = this.slices[index]?.instance.id;
    if (id === undefined || by === 0) return;
    const now = (this.failed.get(id) ?? 0) + by;
    if (now === 0) this.failed.delete(id);
    else this.failed.set(id, now);
  }

  private changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
