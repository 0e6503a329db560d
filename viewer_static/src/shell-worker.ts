/**
 * The service worker: keeps the page and its scripts, never anything of a study. The page is asked for
 * anew each time and taken from here only while the server does not answer; scripts carry their content
 * in their names. Everything else passes by. Signing out removes it (Clear-Site-Data).
 */

/** As far as the page's own library of types does not know it. */
interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
  addRoutes?(rules: readonly object[]): Promise<void>;
}

interface Fetched extends Extendable {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const KEPT = 'shell';
const SCRIPTS = new URL('./', self.location.href);
const PAGE = new URL('../', SCRIPTS);
/** A page that says it is waiting is better than a browser that spins. */
const PATIENCE_MS = 5_000;
/** What the page's head names is what a first picture needs. */
const NAMED = /(?:src|href)="\.\/(assets\/[\w.-]+)"/g;

async function fill(): Promise<void> {
  const answer = await fetch(PAGE, { cache: 'no-cache' });
  const html = await answer.clone().text();
  const kept = await caches.open(KEPT);
  const named = [...html.matchAll(NAMED)].map(([, name]) => new URL(name as string, PAGE).href);
  await kept.addAll(named);
  if (answer.ok) await kept.put(PAGE, answer);
}

/** Another page names other scripts: the old ones go. */
async function renew(answer: Response): Promise<void> {
  const kept = await caches.open(KEPT);
  const before = await kept.match(PAGE);
  if ((await before?.text()) === (await answer.clone().text())) return;
  await caches.delete(KEPT);
  await (await caches.open(KEPT)).put(PAGE, answer);
}

const late = (): Promise<null> => new Promise((done) => setTimeout(() => done(null), PATIENCE_MS));

async function page(event: Fetched): Promise<Response> {
  const asked = fetch(event.request);
  const kept = await caches.match(PAGE);
  if (kept === undefined) return asked;
  const answer = await Promise.race([asked, late()]).catch(() => null);
  if (answer === null || answer.status >= 500) return kept;
  if (answer.ok) event.waitUntil(renew(answer.clone()));
  return answer;
}

async function script(event: Fetched): Promise<Response> {
  const kept = await caches.match(event.request.url);
  if (kept !== undefined) return kept;
  const answer = await fetch(event.request);
  if (answer.ok) {
    const copy = answer.clone();
    event.waitUntil(caches.open(KEPT).then((cache) => cache.put(event.request.url, copy)));
  }
  return answer;
}

self.addEventListener('install', (event) => {
  const installing = event as Extendable;
  const past = { condition: { urlPattern: `${PAGE.pathname}api/*` }, source: 'network' };
  installing.waitUntil(fill());
  installing.waitUntil(installing.addRoutes?.([past]) ?? Promise.resolve());
});

self.addEventListener('fetch', (event) => {
  const fetched = event as Fetched;
  const { method, mode, url } = fetched.request;
  if (method !== 'GET') return;
  if (mode === 'navigate' && url.split('#')[0] === PAGE.href) fetched.respondWith(page(fetched));
  else if (url.startsWith(SCRIPTS.href)) fetched.respondWith(script(fetched));
});
