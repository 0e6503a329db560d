/** What this reader chose: kept in this browser, and by the server for whoever is signed in. */
import { recognised } from './errors.ts';
import type { Transport } from './transport.ts';

const PATH = 'api/preferences';
const PREFIX = 'pacs-preference:';
/** What the server keeps; the rest stays in this browser. */
const SHARED = /^(theme|keys|columns|pictures|layout:[A-Z0-9_ ]{0,16})$/;

type Line = Pick<Transport, 'json' | 'change'>;
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
type Kept = Store & Pick<Storage, 'key' | 'length'>;

const quiet = { signal: new AbortController().signal, waiting: () => undefined };

/** As Storage, for names without a prefix. Fires `change` when the server knew better, and when all is forgotten. */
export class Preferences extends EventTarget implements Store {
  private readonly held = new Map<string, string>();
  /** What the server has not been told; null is forgotten there. */
  private readonly untold = new Map<string, string | null>();
  private line: Line | null = null;
  private telling = false;
  /** They signed out: whatever is still under way, or begins before the page ends, is not kept. */
  private isOver = false;

  /** `storage` is null where the browser keeps nothing: then it is for this visit. */
  constructor(private readonly storage: Kept | null) {
    super();
    for (const key of this.keys())
      this.held.set(key.slice(PREFIX.length), storage?.getItem(key) ?? '');
  }

  getItem(name: string): string | null {
    return this.held.get(name) ?? null;
  }

  setItem(name: string, value: string): void {
    this.put(name, value);
    this.tell(name, value);
  }

  removeItem(name: string): void {
    this.put(name, null);
    this.tell(name, null);
  }

  /** Somebody is signed in: what the server keeps of them counts, but for what they just chose. */
  async follow(line: Line): Promise<void> {
    if (this.line !== null || this.isOver) return;
    this.line = line;
    try {
      const { preferences } = (await line.json(PATH, quiet)) as {
        readonly preferences: Readonly<Record<string, string>>;
      };
      if (this.isOver) return;
      this.adopt(preferences);
    } catch (thrown) {
      // The page goes on as this browser knows it.
      recognised(thrown);
    }
    await this.flush();
  }

  /** Whoever comes next to this browser begins anew. */
  forget(): void {
    this.isOver = true;
    this.line = null;
    this.untold.clear();
    for (const name of [...this.held.keys()]) this.put(name, null);
    this.dispatchEvent(new Event('change'));
  }

  private adopt(theirs: Readonly<Record<string, string>>): void {
    let isOther = false;
    for (const name of new Set([...this.held.keys(), ...Object.keys(theirs)])) {
      const value = theirs[name] ?? null;
      if (this.untold.has(name) || !SHARED.test(name) || this.getItem(name) === value) continue;
      this.put(name, value);
      isOther = true;
    }
    if (isOther) this.dispatchEvent(new Event('change'));
  }

  private tell(name: string, value: string | null): void {
    if (!SHARED.test(name)) return;
    this.untold.set(name, value);
    void this.flush();
  }

  private async flush(): Promise<void> {
    const { line } = this;
    if (line === null || this.telling) return;
    this.telling = true;
    try {
      while (this.untold.size > 0) {
        const told = Object.fromEntries(this.untold);
        this.untold.clear();
        await line.change('POST', PATH, told, quiet);
      }
    } catch (thrown) {
      recognised(thrown);
    } finally {
      this.telling = false;
    }
  }

  private put(name: string, value: string | null): void {
    if (value === null) this.held.delete(name);
    else this.held.set(name, value);
    try {
      if (value === null) this.storage?.removeItem(PREFIX + name);
      else this.storage?.setItem(PREFIX + name, value);
    } catch {
      // Full, or forbidden: it counts for this visit.
    }
  }

  private keys(): string[] {
    const { storage } = this;
    const all = Array.from({ length: storage?.length ?? 0 }, (_, at) => storage?.key(at) ?? '');
    return all.filter((key) => key.startsWith(PREFIX));
  }
}

/** A browser may forbid even to look. */
export function storageHere(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
