/** Files that were chosen again: which batch waits for them, and from where each goes on. */
import type { Batch } from './batch.ts';
import type { Item } from './item.ts';
import type { Ledger } from './ledger.ts';
import { remedy } from './remedy.ts';
import type { Found } from './survey.ts';

type Named = Pick<Item, 'size' | 'path'>;

const nameOf = ({ size, path }: Named): string => `${size} ${path}`;

/** Its medium failed while it was sent: the server may hold a part of it. */
const isInterrupted = (item: Item): boolean =>
  item.state === 'refused' && item.proof !== '' && remedy(item) === 'choose';

/** Restored after a reload, or with files that broke off and are there again, byte for byte. */
export function waitingFor(found: readonly Found[], batches: readonly Batch[]): Batch | null {
  const names = new Set(found.map(nameOf));
  const proofs = new Set(found.map(({ proof }) => proof));
  const restored = ({ unfinished, items }: Batch) =>
    unfinished && items.some((item) => names.has(nameOf(item)));
  const broken = ({ items }: Batch) =>
    items.some((item) => isInterrupted(item) && proofs.has(item.proof));
  return batches.find((batch) => restored(batch) || broken(batch)) ?? null;
}

/** What the server has is left alone, the rest goes on; a file that is not the same begins anew. */
export function rejoin(
  batch: Batch,
  found: readonly Found[],
  itemOf: (found: Found) => Item,
  ledger: Ledger,
): void {
  const named = new Map(batch.items.map((item) => [nameOf(item), item]));
  const proven = new Map(batch.items.map((item) => [item.proof, item]));
  for (const one of found) {
    const known = named.get(nameOf(one)) ?? (one.proof === '' ? undefined : proven.get(one.proof));
    if (known === undefined) batch.items.push(itemOf(one));
    else if (known.state === 'parted') batch.replace(known, itemOf(one));
    else if (isInterrupted(known)) goOn(batch, known, one, itemOf, ledger);
  }
}

function goOn(
  batch: Batch,
  known: Item,
  one: Found,
  itemOf: (found: Found) => Item,
  ledger: Ledger,
): void {
  const { path, fingerprint, id, beginning } = known;
  if (known.proof !== one.proof) {
    // Under a key of its own: nothing is put behind what another file left on the server.
    const item = itemOf(one);
    item.beginning = beginning + 1;
    ledger.ended(item.fingerprint);
    batch.items.push(item);
    return;
  }
  // It may have been taken from another folder this time.
  const item = itemOf({ ...one, path, fingerprint });
  item.beginning = beginning;
  item.target = known.target;
  batch.replace(known, item);
  if (id === null || batch.id === null) return;
  ledger.opened(batch.id, { key: batch.key, expected: batch.expected });
  ledger.began(fingerprint, batch.id, id);
}
