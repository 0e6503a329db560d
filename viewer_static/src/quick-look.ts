/** Lower quality first where a picture takes long: small, and marked as nothing to diagnose from. */
import { renderedPath } from './api.ts';
import type { Clock } from './clock.ts';
import type { Cover } from './cover.ts';
import { el } from './dom.ts';
import { recognised } from './errors.ts';
import type { Store } from './preferences.ts';
import type { Slice } from './series.ts';
import type { Transport } from './transport.ts';

/** Longest side in pixels, and of a JPEG: some 20 kB. The server burns its notice in. */
const SIDE = 512;
const QUALITY = 40;
/** What comes sooner is worth the wait. */
const LONG_MS = 1_500;
/** A reader who scrolls on, or a file that is here already, asks for none. */
const REST_MS = 150;
const NAME = 'quick-look';

interface Desk {
  readonly transport: Pick<Transport, 'picture' | 'goodput'>;
  readonly cover: Pick<Cover, 'preview'>;
  readonly clock: Clock;
}

export class QuickLook {
  private giveUp = new AbortController();

  constructor(private readonly desk: Desk) {}

  /** For the slice that is asked for; `isDue` says, later, whether it is still waited for. */
  for(slice: Slice, isDue: () => boolean): void {
    this.close();
    if (!this.takesLong(slice.instance.size)) return;
    this.giveUp = new AbortController();
    const { signal } = this.giveUp;
    const cancel = this.desk.clock.after(REST_MS, () => {
      if (isDue()) void this.look(slice, isDue, signal);
    });
    signal.addEventListener('abort', cancel);
  }

  close(): void {
    this.giveUp.abort();
  }

  private takesLong(bytes: number): boolean {
    const rate = this.desk.transport.goodput.expected;
    return rate !== null && (1_000 * bytes) / rate > LONG_MS;
  }

  private async look(slice: Slice, isDue: () => boolean, signal: AbortSignal): Promise<void> {
    const path = renderedPath(slice.instance.id, slice.frame, SIDE, QUALITY);
    try {
      const blob = await this.desk.transport.picture(path, { signal }, 'image/jpeg');
      if (isDue()) await this.desk.cover.preview(blob);
    } catch (thrown) {
      // The proven picture is on its way all the same.
      recognised(thrown);
    }
  }
}

/** Of this browser: the link is the workstation's. */
export function isQuickLookOn(storage: Pick<Store, 'getItem'>): boolean {
  return storage.getItem(NAME) !== 'off';
}

export function quickLookChoice(storage: Store): HTMLElement {
  const choice = el('input', { type: 'checkbox' });
  choice.checked = isQuickLookOn(storage);
  choice.addEventListener('change', () => storage.setItem(NAME, choice.checked ? 'on' : 'off'));
  return el(
    'label',
    {},
    choice,
    ' On a slow link, a preview (not diagnostic) until the picture is proven',
  );
}
