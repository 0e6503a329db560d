/** Subresource Integrity (W3C) of a file that the page fetches by itself. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function integrityOf(module: string): string {
  const bytes = readFileSync(fileURLToPath(import.meta.resolve(module)));
  return `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
}
