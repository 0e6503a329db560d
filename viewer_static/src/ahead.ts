/** The first picture's bytes, on their way while the picture engine is still starting. */
import { compactPath, displayPath, type Instance, type SeriesDetail } from './api.ts';
import { bringDecoder } from './decoder-ahead.ts';
import type { Wanted } from './device/vault.ts';
import type { MachineRoom } from './machine.ts';
import type { Waiting, Watch } from './persist.ts';
import type { Proven } from './proven.ts';
import { sifted } from './series.ts';
import { mayBeSlide } from './slide-level.ts';
import type { Transport } from './transport.ts';

/** As it is stored, or with the same pixels in fewer bytes where the link is the slowest part. */
export function pathOf(transport: Transport, { id, size }: Instance): string {
  return transport.goodput.isSlowFor(size) ? compactPath(id) : displayPath(id);
}

/** One instance, for whoever asks for it first. */
export class Ahead {
  private readonly giveUp = new AbortController();
  private readonly coming: Promise<Proven>;
  private last: Waiting | null = null;
  private listener: Watch | null = null;
  private taken = false;

  constructor(
    transport: Transport,
    private readonly instance: Instance & Wanted,
  ) {
    this.coming = transport.instance(pathOf(transport, instance), instance, {
      signal: this.giveUp.signal,
      waiting: (waiting) => {
        this.last = waiting;
        this.listener?.waiting?.(waiting);
      },
      received: (bytes, total) => this.listener?.received?.(bytes, total),
    });
    // Whether it failed is met by whoever takes it.
    this.coming.catch(() => undefined);
  }

  /** The load, which from now on is the caller's, told to the caller's watch and ended by it; null for others. */
  take(id: string, watch: Watch): Promise<Proven> | null {
    if (this.taken || id !== this.instance.id) return null;
    this.taken = true;
    this.listener = watch;
    if (this.last !== null) watch.waiting?.(this.last);
    if (watch.signal.aborted) this.close();
    else watch.signal.addEventListener('abort', () => this.close(), { once: true });
    return this.coming;
  }

  /** Ends the load; nobody waits for it any more. */
  close(): void {
    this.giveUp.abort();
  }
}

interface Desk {
  readonly transport: Transport;
  readonly room: MachineRoom;
}

/** The engine takes as long to start as the first file to come: they do both at once. */
export function aheadOf(
  { room, transport }: Desk,
  detail: SeriesDetail,
  { signal }: Watch,
): Ahead | null {
  const [first] = sifted(detail).good;
  if (room.machine !== null || first === undefined || mayBeSlide(detail)) return null;
  if (transport.goodput.isSlowFor(first.size)) bringDecoder();
  const ahead = new Ahead(transport, { ...first, study: detail.study });
  signal.addEventListener('abort', () => ahead.close(), { once: true });
  return ahead;
}
