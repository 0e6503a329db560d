/** How much memory decoded pictures may take in this tab: what the reader allows. */
import type { Store } from './preferences.ts';

const NAME = 'pictures';
const MIB = 1024 ** 2;

export const LIMITS = [256, 512, 1_024, 2_048] as const;

/** Browsers tell at most 8 (GiB), and nothing on plain http. */
const usual = ({ deviceMemory = 4 }: { deviceMemory?: number }): number =>
  deviceMemory >= 8 ? 2_048 : 1_024;

/** In MiB. */
export function pictureLimit(storage: Pick<Store, 'getItem'>, device: object = navigator): number {
  const kept = Number(storage.getItem(NAME));
  return kept > 0 ? kept : usual(device);
}

export function keepPictureLimit(storage: Store, mib: number): void {
  storage.setItem(NAME, String(mib));
}

export const bytesOf = (mib: number): number => Math.floor(mib * MIB);
