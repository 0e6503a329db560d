/** Which rows a batch shows, folders and files, and which of them are on screen. Pure. */
import type { RemoteResult } from './answers.ts';
import type { Batch } from './batch.ts';
import type { Item } from './item.ts';

export interface FolderSums {
  readonly files: number;
  readonly settled: number;
  readonly skipped: number;
  readonly troubled: number;
  readonly active: number;
}

export type Row =
  | ({ readonly kind: 'folder'; readonly folder: string; readonly open: boolean } & FolderSums)
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'member'; readonly result: RemoteResult; readonly item: Item | null };

/** A batch with more files than this begins with its folders closed. */
const MANY = 40;

export interface View {
  readonly problemsOnly: boolean;
  /** Folders the reader has opened or closed himself. */
  readonly toggled: ReadonlySet<string>;
}

function folders(batch: Batch): Map<string, Item[]> {
  const found = new Map<string, Item[]>();
  for (const item of batch.items) {
    const folder = found.get(item.folder);
    if (folder === undefined) found.set(item.folder, [item]);
    else folder.push(item);
  }
  return found;
}

function sumsOf(items: readonly Item[]): FolderSums {
  let [settled, skipped, troubled, active] = [0, 0, 0, 0];
  for (const item of items) {
    if (item.state === 'skipped') skipped += 1;
    else if (item.settled) settled += 1;
    else if (item.state !== 'waiting') active += 1;
    if (item.troubled) troubled += 1;
  }
  return { files: items.length - skipped, settled, skipped, troubled, active };
}

export const isOpen = (batch: Batch, view: View, folder: string): boolean =>
  batch.items.length <= MANY !== view.toggled.has(folder);

/** What somebody must look at, before what was left out on purpose. */
function problems(batch: Batch): Row[] {
  const byId = new Map(batch.items.map((item) => [item.id, item]));
  const members = [...batch.troubles.values()].filter(({ member }) => member !== '');
  const rowOf = (item: Item): Row => ({ kind: 'item', item });
  return [
    ...batch.items.filter(({ troubled }) => troubled).map(rowOf),
    ...members.map((result): Row => {
      return { kind: 'member', result, item: byId.get(result.upload) ?? null };
    }),
    ...batch.items.filter(({ state }) => state === 'skipped').map(rowOf),
  ];
}

export function rowsOf(batch: Batch, view: View): Row[] {
  if (view.problemsOnly) return problems(batch);
  const grouped = folders(batch);
  if (grouped.size === 1 && batch.items.length <= MANY)
    return batch.items.map((item) => ({ kind: 'item', item }) as const);
  return [...grouped].flatMap(([folder, items]) => {
    const open = isOpen(batch, view, folder);
    const head: Row = { kind: 'folder', folder, open, ...sumsOf(items) };
    return open ? [head, ...items.map((item) => ({ kind: 'item', item }) as const)] : [head];
  });
}

/** First and last row to draw, with a few beyond either edge. */
export function windowOf(
  count: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
): { readonly first: number; readonly last: number } {
  const beyond = 4;
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - beyond);
  const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + beyond);
  return { first: Math.min(first, Math.max(0, count - 1)), last };
}
