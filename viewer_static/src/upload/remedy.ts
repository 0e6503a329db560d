/** What can be done about a file that was not taken; for what it contains, nothing here. Pure. */
import type { Item } from './item.ts';

export type Remedy = 'retry' | 'choose' | null;

/** Causes that may have passed: the server's room, what it lost, an archive that was unwell. */
const PASSING: ReadonlySet<string> = new Set([
  ...['quota', 'disk_low', 'gone', 'expired', 'staged_damaged', 'gave_up'],
  // From whatever stands before the server.
  ...['status_404', 'status_410', 'status_507'],
]);

/** The file could not be read where it lies: this page may hold a handle that is worth nothing. */
const MEDIUM: ReadonlySet<string> = new Set(['unreadable', 'removed', 'changed']);

export function remedy({ state, code, file }: Item): Remedy {
  const passing = state === 'refused' && PASSING.has(code);
  if (state === 'refused' && MEDIUM.has(code)) return 'choose';
  if (!passing && state !== 'expired' && state !== 'lost') return null;
  return file === null ? 'choose' : 'retry';
}
