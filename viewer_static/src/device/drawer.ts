/** Where sealed files lie: the browser's database, and in memory what is in it. */
import type { Sealed } from './seal.ts';

export const DATABASE = 'pacs-proxy-device';

export interface Entry {
  readonly name: string;
  /** A name, too. */
  readonly study: string;
  readonly bytes: number;
  /** ms since 1970. */
  readonly used: number;
  readonly until: number;
}

/** Stores: what there is, the sealed files, the studies' sealed titles, whose it is. */
const STORES = ['entries', 'files', 'titles', 'owner'] as const;

const done = (request: IDBRequest | IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = () => reject(request.error ?? new Error('the device keeps nothing'));
    if (request instanceof IDBTransaction) {
      request.oncomplete = () => resolve();
      request.onabort = failed;
    } else {
      request.onsuccess = () => resolve();
      request.onerror = failed;
    }
  });

async function answer<T>(request: IDBRequest<T>): Promise<T> {
  await done(request);
  return request.result;
}

export class Drawer {
  readonly entries = new Map<string, Entry>();

  private constructor(private readonly database: IDBDatabase) {}

  static async opened(): Promise<Drawer> {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      for (const store of STORES) request.result.createObjectStore(store);
    };
    await done(request);
    const drawer = new Drawer(request.result);
    // Whoever signs out in another window wipes this: it must not be held open.
    request.result.onversionchange = () => request.result.close();
    for (const entry of (await answer(drawer.store('entries').getAll())) as Entry[])
      drawer.entries.set(entry.name, entry);
    return drawer;
  }

  /** All of it goes when it was somebody else's. */
  async belongsTo(owner: string): Promise<void> {
    const before = (await answer(this.store('owner').get('owner'))) as string | undefined;
    if (before === owner) return;
    const change = this.database.transaction(STORES, 'readwrite');
    for (const store of STORES) change.objectStore(store).clear();
    change.objectStore('owner').put(owner, 'owner');
    await done(change);
    this.entries.clear();
  }

  async file(name: string): Promise<Sealed | null> {
    return ((await answer(this.store('files').get(name))) as Sealed | undefined) ?? null;
  }

  async title(study: string): Promise<Sealed | null> {
    return ((await answer(this.store('titles').get(study))) as Sealed | undefined) ?? null;
  }

  async put(entry: Entry, file: Sealed, title: Sealed): Promise<void> {
    const change = this.database.transaction(STORES, 'readwrite');
    change.objectStore('files').put(file, entry.name);
    change.objectStore('entries').put(entry, entry.name);
    change.objectStore('titles').put(title, entry.study);
    await done(change);
    this.entries.set(entry.name, entry);
  }

  async touch(name: string, used: number): Promise<void> {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    const newer = { ...entry, used };
    this.entries.set(name, newer);
    const change = this.database.transaction('entries', 'readwrite');
    change.objectStore('entries').put(newer, name);
    await done(change);
  }

  async drop(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    for (const name of names) this.entries.delete(name);
    const left = new Set([...this.entries.values()].map(({ study }) => study));
    const change = this.database.transaction(STORES, 'readwrite');
    for (const name of names) {
      change.objectStore('entries').delete(name);
      change.objectStore('files').delete(name);
    }
    const titles = change.objectStore('titles');
    const known = titles.getAllKeys();
    known.onsuccess = () => {
      for (const study of known.result) if (!left.has(String(study))) titles.delete(study);
    };
    await done(change);
  }

  close(): void {
    this.database.close();
  }

  private store(name: (typeof STORES)[number]): IDBObjectStore {
    return this.database.transaction(name).objectStore(name);
  }
}
