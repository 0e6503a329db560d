/** The report as a table: the server's lines, and those of files this page left out by itself. */
import { el } from '../dom.ts';
import { recognised } from '../errors.ts';
import type { Toasts } from '../toasts.ts';
import type { Transport } from '../transport.ts';
import { reportPath } from './answers.ts';
import type { Batch } from './batch.ts';
import type { Item } from './item.ts';

/** What spreadsheet programs take for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;
/** The server's columns between a line's reason and its size. */
const BETWEEN = Array.from({ length: 9 }, () => '');

export function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Lines of the files that were never sent. */
export function leftOut(items: readonly Item[]): string {
  return items
    .filter(({ state, id }) => state === 'skipped' && id === null)
    .map(({ path, why, size }) => [path, '', 'not sent', 'skipped', why, ...BETWEEN, String(size)])
    .map((line) => `${line.map(cell).join(',')}\r\n`)
    .join('');
}

export async function saveTable(transport: Transport, batch: Batch, toasts: Toasts): Promise<void> {
  if (batch.id === null) return;
  const watch = { signal: new AbortController().signal };
  try {
    const sent = await transport.picture(reportPath(batch.id), watch, 'text/csv');
    const whole = new Blob([sent, leftOut(batch.items)], { type: 'text/csv' });
    const href = URL.createObjectURL(whole);
    el('a', { href, download: `upload-${batch.id.slice(0, 8)}.csv` }).click();
    URL.revokeObjectURL(href);
  } catch (thrown) {
    const error = recognised(thrown);
    toasts.say('upload', 'bad', `The table could not be made. ${error.title}. ${error.message}`);
  }
}
