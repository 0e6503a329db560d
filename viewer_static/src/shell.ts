/** Has the browser keep the page itself, so that it opens, and says why it waits, while the server is away. */
import type { Clock } from './clock.ts';
import { recognised } from './errors.ts';
import address from './shell-worker.ts?worker&url';

/** What the reader opened the page for comes first. */
const LATER_MS = 5_000;

/** Browsers offer it only where the connection is secure, or to this machine itself. */
export function keepShell(clock: Clock): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  clock.after(LATER_MS, () => {
    navigator.serviceWorker.register(address, { scope: './' }).catch(recognised);
  });
}
