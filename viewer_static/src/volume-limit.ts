/** How much memory one volume may take: what this reader allows in this browser. */
const KEPT = 'pacs-volume-mib';
const MIB = 1024 ** 2;

export const LIMITS = [128, 256, 512, 1_024, 2_047] as const;
const USUAL = 512;

type Store = Pick<Storage, 'getItem' | 'setItem'>;

export function limitOf(storage: Store): number {
  const kept = Number(storage.getItem(KEPT));
  return kept > 0 ? kept : USUAL;
}

export function keepLimit(storage: Store, mib: number): void {
  storage.setItem(KEPT, String(mib));
}

export const sized = (bytes: number): string => `${Math.max(1, Math.round(bytes / MIB))} MB`;

export function tooLarge(bytes: number, storage: Store): string | null {
  const limit = limitOf(storage);
  if (bytes <= limit * MIB) return null;
  return `The volume would take ${sized(bytes)} of memory; at most ${limit} MB are allowed here.`;
}
