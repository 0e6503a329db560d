/** Starts the page: one transport, one link, two pages, and the address that chooses between them. */
import './styles.css';
import './trusted.ts';
import { isArchiveId } from './api.ts';
import { AuditPage } from './audit.ts';
import { browserFetch } from './browser-fetch.ts';
import { wallClock } from './clock.ts';
import { Device } from './device/device.ts';
import { DigestBeside } from './digest.ts';
import { el, isTyping } from './dom.ts';
import { Doorman } from './doorman.ts';
import { isJudged } from './errors.ts';
import { FiguresPage } from './figures.ts';
import { Gate } from './gate.ts';
import { Emergency } from './glass.ts';
import { Guest, taken } from './guest.ts';
import { Link } from './link.ts';
import { LinksPage } from './links.ts';
import { warm } from './machine.ts';
import { NetworkChip } from './network-chip.ts';
import { PeoplePage } from './people.ts';
import { Preferences, storageHere } from './preferences.ts';
import { Reading } from './reading.ts';
import { POLICY } from './retry.ts';
import { SessionsPage } from './sessions.ts';
import { keepShell } from './shell.ts';
import type { SideDeps } from './side.ts';
import { SignOut } from './sign-out.ts';
import { Studies } from './studies.ts';
import { leaving, Telemetry } from './telemetry.ts';
import { showTheme, themeButton } from './theme.ts';
import { Toasts } from './toasts.ts';
import { TokensPage } from './tokens.ts';
import { Transport } from './transport.ts';
import { Door } from './upload/door.ts';

const FIGURES = '#/figures';
/** Pages beside reading, by their address. */
const SIDES = {
  '#/links': LinksPage,
  '#/users': PeoplePage,
  '#/audit': AuditPage,
  '#/tokens': TokensPage,
  '#/sessions': SessionsPage,
} as const;

type Side = InstanceType<(typeof SIDES)[keyof typeof SIDES]>;

const isSide = (hash: string): hash is keyof typeof SIDES => hash in SIDES;

interface Route {
  readonly study: string;
  readonly series: string | null;
}

/** #/studies/<id>[/series/<id>]; archive identifiers only, no patient data in addresses. */
function route(hash: string): Route | null {
  const [, study, series] = /^#\/studies\/([^/]+)(?:\/series\/([^/]+))?$/.exec(hash) ?? [];
  if (!isArchiveId(study)) return null;
  return { study, series: isArchiveId(series) ? series : null };
}

function byId(id: string): HTMLElement {
  const node = document.getElementById(id);
  if (node === null) throw new Error(`The page lacks #${id}`);
  return node;
}

const isAsked = (): boolean => document.querySelector('dialog[open]') !== null;

function start(): void {
  const preferences = new Preferences(storageHere());
  showTheme(preferences);
  // The picture engine is the largest part: under way before the page is built.
  if (route(location.hash) !== null) warm();
  const link = new Link(wallClock);
  const beside = new DigestBeside(
    wallClock,
    () => new Worker(new URL('./digest-worker.ts', import.meta.url), { type: 'module' }),
  );
  const gate = new Gate();
  const seen = new Telemetry(
    wallClock,
    leaving(browserFetch, () => gate.headers),
  );
  seen.start();
  window.addEventListener('pagehide', () => seen.flush());
  const clear = () => {
    leave();
    app.replaceChildren();
  };
  const reload = () => location.reload();
  const guest = new Guest({
    fetch: browserFetch,
    host: document.body,
    gate,
    clock: wallClock,
    entered: (known, study) => {
      signOut.replaced();
      goes(study, null);
      doorman.enterAs(known);
    },
    close: () => signOut.close(),
    clear,
  });
  let forget = (): Promise<void> => Promise.resolve();
  const signOut = new SignOut({
    fetch: browserFetch,
    host: document.body,
    gate,
    clock: wallClock,
    storage: storageHere(),
    wake: link,
    forget: async () => {
      preferences.forget();
      await forget();
    },
    clear,
    reload,
    go: (url) => location.assign(url),
  });
  const doorman = new Doorman({
    guest,
    signOut,
    fetch: browserFetch,
    host: document.body,
    gate,
    reload,
    greeted: (known) => {
      if (known.sign_in && known.permissions?.includes('own.access') === true)
        void preferences.follow(transport);
    },
  });
  const transport = new Transport({
    clock: wallClock,
    policy: POLICY,
    wake: link,
    gate,
    fetch: browserFetch,
    stallMs: link.stallMs,
    digest: beside.digest,
    seen,
    memory: localStorage,
  });
  const clock = new PerformanceObserver((list) =>
    transport.heard(list.getEntries() as PerformanceResourceTiming[]),
  );
  for (const type of ['navigation', 'resource']) clock.observe({ type, buffered: true });
  const device = new Device(transport, beside.digest, gate);
  forget = () => device.forget();
  doorman.node.prepend(device.opener);
  link.glance = (path, limitMs) => transport.glance(path, limitMs);
  const toasts = new Toasts(byId('toasts'));
  const app = byId('app');
  const goes = (study: string, series: string | null) => {
    location.hash = `#/studies/${study}${series === null ? '' : `/series/${series}`}`;
  };
  const onList = () => pageOf() === list;
  const door = new Door({
    transport,
    toasts,
    host: document.body,
    idle: () => onList() && !isTyping(document.activeElement) && !isAsked(),
    reading: () => !onList(),
    goes: (id) => goes(id, null),
    stored: () => studies().refresh(),
  });
  const emergency = new Emergency(transport, (id) => goes(id, null), document.body);
  const upload = el(
    'div',
    { class: 'list-acts' },
    new NetworkChip(transport, link, wallClock).node,
    emergency.opener,
    door.opener,
    themeButton(preferences),
    doorman.node,
  );
  let list: Studies | null = null;
  /** Who opens a study by its address does not pay for the list. */
  const studies = (): Studies => {
    list ??= new Studies({
      transport,
      link,
      toasts,
      upload,
      preferences,
      open: (id) => goes(id, null),
    });
    return list;
  };
  const back = () => {
    if (guest.study === '') location.hash = '';
  };
  const reader = new Reading({ transport, link, toasts, preferences, goes, back });
  reader.notices.append(guest.bar);

  const deps: SideDeps = { transport, back };
  let operating: FiguresPage | null = null;
  const figures = (): FiguresPage => {
    operating ??= new FiguresPage(deps, seen);
    return operating;
  };
  const sides = new Map<string, Side>();
  const side = (hash: keyof typeof SIDES): Side => {
    const page = sides.get(hash) ?? new SIDES[hash](deps);
    sides.set(hash, page);
    return page;
  };
  const pageOf = () => {
    if (route(location.hash) !== null) return reader;
    if (location.hash === FIGURES) return figures();
    return isSide(location.hash) ? side(location.hash) : studies();
  };
  const leave = () => {
    for (const page of [reader, list, operating, ...sides.values()])
      if (page?.node.parentNode === app) page.close();
    toasts.clear();
  };
  const open = () => {
    const asked = route(location.hash);
    if (asked !== null) void reader.open(asked.study, asked.series);
    else (pageOf() as FiguresPage | Side | Studies).start();
  };

  const turn = () => {
    if (signOut.isUnderWay) return;
    const secret = taken();
    if (secret !== '') {
      void guest.arrive(secret);
      return;
    }
    if (guest.study !== '' && route(location.hash)?.study !== guest.study) {
      goes(guest.study, null);
      return;
    }
    const page = pageOf();
    if (page.node.parentNode !== app) {
      leave();
      app.replaceChildren(page.node);
    }
    open();
    door.turned();
  };

  window.addEventListener('hashchange', turn);
  // The picture library rejects a second, unwatched promise for each load that the queue already judged.
  window.addEventListener('unhandledrejection', (event) => {
    if (isJudged(event.reason)) event.preventDefault();
  });
  window.addEventListener('online', () => link.online());
  document.addEventListener('keydown', (event) => pageOf().key(event));
  keepShell(wallClock);
  // Whoever was here before leaves first.
  if (signOut.isOwed) {
    void signOut.begin();
    return;
  }
  turn();
  // A guest's page asks by itself.
  if (!guest.isHere)
    void doorman.look().then(() => {
      if (guest.study !== '') turn();
    });
}

start();
