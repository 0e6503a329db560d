/** Whether this reader keeps images on this device: usually not. What it takes is fetched when it is wanted. */
import { pause, wallClock } from '../clock.ts';
import type { Digest } from '../digest.ts';
import { button } from '../dom.ts';
import type { Gate } from '../gate.ts';
import type { Proven } from '../proven.ts';
import type { Transport } from '../transport.ts';
import type { Vault, Wanted } from './vault.ts';

/** Browsers forget it at sign-out (Clear-Site-Data), as they do the files. */
const KEY = 'pacs-proxy.device';
const KEEP = 'keep';
/** Nobody waits longer for a cache. */
const LONGEST_MS = 3_000;

export class Device {
  readonly opener = button('This device', 'quiet', () => void this.show());

  constructor(
    private readonly transport: Transport,
    private readonly digest: Digest,
    gate: Gate,
  ) {
    // The key was the session's: whoever signs in next has another one.
    gate.addEventListener('shut', () => {
      transport.vault = null;
    });
    gate.addEventListener('open', () => this.begin());
    this.begin();
  }

  get isWanted(): boolean {
    return localStorage.getItem(KEY) === KEEP;
  }

  /** From now on images are kept here, or no longer; what was kept goes. */
  async want(wanted: boolean): Promise<void> {
    if (wanted) localStorage.setItem(KEY, KEEP);
    else await this.forget();
    this.begin();
  }

  /** At sign-out, and whenever the reader says so. */
  async forget(): Promise<void> {
    localStorage.removeItem(KEY);
    this.transport.vault = null;
    const request = indexedDB.deleteDatabase('pacs-proxy-device');
    await new Promise<void>((resolve) => {
      for (const name of ['success', 'error', 'blocked'])
        request.addEventListener(name, () => resolve());
    });
  }

  private begin(): void {
    if (!this.isWanted || this.transport.vault !== null) return;
    const late = pause(wallClock, LONGEST_MS, new AbortController().signal).then(() => null);
    this.transport.vault = Promise.race([this.opened().catch(() => null), late]);
  }

  private async opened(): Promise<Vault | null> {
    const { openVault } = await import('./open.ts');
    return openVault(this.transport, this.digest);
  }

  private async show(): Promise<void> {
    const { DeviceDialog } = await import('./dialog.ts');
    await new DeviceDialog(this, this.transport).open();
  }
}

/** From this device where it is kept here, else as `bring` brings it. */
export async function through(
  { vault: coming, unkept }: Pick<Transport, 'vault' | 'unkept'>,
  wanted: Wanted,
  bring: () => Promise<Proven>,
): Promise<Proven> {
  const isKept = wanted.study !== undefined && !unkept.has(wanted.study.id);
  const vault = isKept && coming !== null ? await coming : null;
  const kept = (await vault?.take(wanted).catch(() => null)) ?? null;
  if (kept !== null) return kept;
  const proven = await bring();
  vault?.keep(wanted, proven).catch(() => undefined);
  return proven;
}
