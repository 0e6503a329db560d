/** What this page saw, of nobody: counts and times by name, sent in batches, lost without regret. */
import type { Clock } from './clock.ts';
import type { Category, Digests } from './errors.ts';

export type Counted = Exclude<Category, 'cancelled'> | 'image' | 'resumed';
export type Timed = 'image' | 'first-image' | 'list';
/** Of the link: an answer and a name in ms, what it carries in kbit/s. */
export type Sampled = 'answer' | 'lookup' | 'goodput';
type Samples = Readonly<Record<Sampled, number | null>>;

export interface Line {
  readonly name: string;
  readonly syntax: string;
  readonly bucket: number;
  readonly count: number;
}

/** One request as the incident bundle tells it: its kind, never its address. */
export interface Trace {
  readonly at: string;
  readonly kind: string;
  readonly status: number | null;
  readonly ms: number;
  readonly outcome: string;
  readonly request_id: string | null;
  /** MD5 of what was to come and of what came, where a file was not what it should have been. */
  readonly digests?: Digests;
}

/** Upper ends in ms, or kbit/s; the proxy has the same. */
export const BOUNDS = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000] as const;

const EVERY_MS = 30_000;
const MOST_LINES = 200;
const TRACES = 200;
const PATH = 'api/telemetry';

export type Send = (path: string, body: string) => boolean;

/** Leaves even when the page is being closed, with the page's own token. */
export const leaving =
  (fetch: typeof globalThis.fetch, token: () => Readonly<Record<string, string>>): Send =>
  (path, body) => {
    const headers = { 'Content-Type': 'application/json', ...token() };
    void fetch(path, { method: 'POST', keepalive: true, body, headers }).catch(() => undefined);
    return true;
  };

const OF_PICTURES = new Set<string>([
  ...['overrun', 'decode', 'no-pixels', 'undrawable', 'wrong-image', 'memory'],
  ...['draw', 'graphics', 'engine'],
]);

/** Whether it went wrong here, with bytes that had come right. */
export const isOfPicture = (category: Category): category is Exclude<Category, 'cancelled'> =>
  OF_PICTURES.has(category);

export const bucketOf = (ms: number): number => {
  const found = BOUNDS.findIndex((bound) => ms <= bound);
  return found < 0 ? BOUNDS.length : found;
};

/** The address with a star for every part that could name something. */
export function kindOf(path: string): string {
  const [plain = ''] = path.split('?');
  return plain
    .split('/')
    .map((part) => (/^[a-z-]+$/.test(part) ? part : '*'))
    .join('/');
}

export class Telemetry {
  readonly traces: Trace[] = [];
  /** How the link does at the moment a batch leaves. */
  sample: (() => Samples) | null = null;
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly send: Send,
  ) {}

  start(): void {
    this.clock.after(EVERY_MS, () => {
      this.flush();
      this.start();
    });
  }

  count(name: Counted, syntax = ''): void {
    this.add(name, syntax, -1);
  }

  time(name: Timed, ms: number, syntax = ''): void {
    this.add(name, syntax, bucketOf(ms));
  }

  trace(trace: Trace): void {
    this.traces.push(trace);
    if (this.traces.length > TRACES) this.traces.shift();
  }

  /** What cannot be sent now goes with the next batch. */
  flush(): void {
    const lines = this.lines();
    if (lines.length === 0) return;
    if (this.send(PATH, JSON.stringify({ seen: lines }))) this.counts.clear();
  }

  /** A page at rest learns nothing new of its link. */
  private sampled(): void {
    if (this.counts.size === 0 || this.sample === null) return;
    for (const [name, value] of Object.entries(this.sample()))
      if (value !== null) this.add(name, '', bucketOf(value));
  }

  private lines(): Line[] {
    this.sampled();
    return [...this.counts].slice(0, MOST_LINES).map(([key, count]) => {
      const [name = '', syntax = '', bucket = ''] = key.split('|');
      return { name, syntax, bucket: Number(bucket), count };
    });
  }

  private add(name: string, syntax: string, bucket: number): void {
    const key = `${name}|${syntax}|${bucket}`;
    const known = this.counts.get(key);
    if (known === undefined && this.counts.size >= MOST_LINES) return;
    this.counts.set(key, (known ?? 0) + 1);
  }
}
