/** The page for who operates this: what browsers saw, over time, and the bundle for a failure. */
import { button, el, say } from './dom.ts';
import { recognised } from './errors.ts';
import { bars, curve, type Point } from './plots.ts';
import { type SideDeps, SidePage } from './side.ts';
import { BOUNDS, type Telemetry } from './telemetry.ts';
import { grouped } from './text.ts';

/** hour since 1970, name, syntax, bucket, count */
export type Row = readonly [number, string, string, number, number];

interface Figures {
  readonly hours: number;
  readonly bounds: readonly number[];
  readonly rows: readonly Row[];
}

const SPANS = [
  [24, 'Day'],
  [24 * 7, 'Week'],
  [24 * 30, 'Month'],
] as const;

/** The time below which the share lies, as the end of its bucket in ms. */
export function quantile(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const [bucket, count] of counts.entries()) {
    seen += count;
    if (seen >= share * total) return BOUNDS[bucket] ?? BOUNDS[BOUNDS.length - 1] ?? null;
  }
  return null;
}

/** By hour, the counts in each bucket of one timed name. */
export function histograms(rows: readonly Row[], name: string): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const [hour, of, , bucket, count] of rows) {
    if (of !== name || bucket < 0) continue;
    const counts = found.get(hour) ?? new Array<number>(BOUNDS.length + 1).fill(0);
    counts[bucket] = (counts[bucket] ?? 0) + count;
    found.set(hour, counts);
  }
  return found;
}

/** What was only counted, by name or by syntax, the most frequent first. */
export function totals(rows: readonly Row[], by: 'name' | 'syntax'): [string, number][] {
  const found = new Map<string, number>();
  for (const [, name, syntax, bucket, count] of rows) {
    if (bucket >= 0) continue;
    if (by === 'syntax' && (syntax === '' || name === 'image')) continue;
    const key = by === 'name' ? name : `${syntax} ${name}`;
    found.set(key, (found.get(key) ?? 0) + count);
  }
  return [...found].sort((one, other) => other[1] - one[1]);
}

export class FiguresPage extends SidePage {
  private hours: number = SPANS[0][0];

  constructor(
    deps: SideDeps,
    private readonly telemetry: Telemetry,
  ) {
    const bundle = button('Incident bundle', 'primary', () => void this.bundle());
    bundle.title = 'Versions, timings, settings and request ids as a file; no patient data';
    const spans = SPANS.map(([hours, label]) => button(label, 'quiet', () => this.over(hours)));
    super(deps, 'What browsers saw', ...spans, bundle);
  }

  private over(hours: number): void {
    this.hours = hours;
    void this.load();
  }

  protected async refresh(signal: AbortSignal): Promise<void> {
    this.telemetry.flush();
    const found = (await this.json(`api/telemetry?hours=${this.hours}`, signal)) as Figures;
    if (!signal.aborted) this.draw(found);
  }

  private draw({ rows, hours }: Figures): void {
    const now = Math.floor(Date.now() / 3_600_000);
    const span = Array.from({ length: hours }, (_, index) => now - hours + 1 + index);
    const counted = (name: string) =>
      sum(rows.filter(([, of, , bucket]) => bucket < 0 && of === name));
    const good = counted('image');
    const bad = sum(rows.filter(([, of, , bucket]) => bucket < 0 && !GOOD.has(of)));
    const share = good + bad === 0 ? '–' : `${((100 * good) / (good + bad)).toFixed(2)} %`;
    say(this.note, rows.length === 0 ? 'Nothing was reported in this time.' : '');
    this.body.replaceChildren(
      tiles([
        ['Images proven', grouped(good)],
        ['Requests that went well', share],
        ['Buffer overruns', grouped(counted('overrun'))],
        ['Decode failures', grouped(counted('decode'))],
        ['Cuts resumed', grouped(counted('resumed'))],
        ['Loads broken on the way', lost(counted)],
      ]),
      el('h2', {}, 'Failures by hour'),
      bars(span, perHour(rows)),
      el('h2', {}, 'Time to the first image, ms: half and 95 % of them'),
      curve(span, points(rows, 'first-image', 0.5), points(rows, 'first-image', 0.95)),
      el('h2', {}, 'Time of an image, ms: half and 95 % of them'),
      curve(span, points(rows, 'image', 0.5), points(rows, 'image', 0.95)),
      el('h2', {}, 'What links carry, kbit/s: the slowest 5 % and half of them'),
      curve(span, points(rows, 'goodput', 0.05), points(rows, 'goodput', 0.5), 'kbit/s'),
      el('h2', {}, 'Until an answer begins, ms: half and 95 % of them'),
      curve(span, points(rows, 'answer', 0.5), points(rows, 'answer', 0.95)),
      el('h2', {}, 'Until the name is looked up, ms: half and 95 % of them'),
      curve(span, points(rows, 'lookup', 0.5), points(rows, 'lookup', 0.95)),
      el('h2', {}, 'By category'),
      table(totals(rows, 'name')),
      el('h2', {}, 'Failures by transfer syntax'),
      table(totals(rows, 'syntax')),
    );
  }

  /** Everything that may help, in one file; without the right to the server's part, this page's. */
  private async bundle(): Promise<void> {
    const { transport } = this.deps;
    let server: unknown = null;
    try {
      server = await transport.json('api/incident', { signal: this.leaving.signal });
    } catch (thrown) {
      server = { failed: recognised(thrown).category };
    }
    const { language, hardwareConcurrency, userAgent } = navigator;
    const browser = { userAgent, language, hardwareConcurrency, screen: [innerWidth, innerHeight] };
    const made = new Date().toISOString();
    const text = JSON.stringify(
      { made, browser, requests: this.telemetry.traces, server },
      null,
      2,
    );
    const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    const link = el('a', { href: url, download: `incident-${made.slice(0, 19)}.json` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  /** Old figures beside a new failure would be read as now's. */
  protected override failed(thrown: unknown): void {
    this.body.replaceChildren();
    super.failed(thrown);
  }
}

const GOOD = new Set(['image', 'resumed']);

const sum = (rows: readonly Row[]): number => rows.reduce((all, [, , , , count]) => all + count, 0);

function perHour(rows: readonly Row[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const [hour, name, , bucket, count] of rows) {
    if (bucket < 0 && !GOOD.has(name)) found.set(hour, (found.get(hour) ?? 0) + count);
  }
  return found;
}

function points(rows: readonly Row[], name: string, share: number): Point[] {
  return [...histograms(rows, name)].map(([hour, counts]) => [hour, quantile(counts, share) ?? 0]);
}

/** An estimate of what links lose. */
function lost(counted: (name: string) => number): string {
  const broken = ['network', 'stalled', 'short', 'resumed'].map(counted).reduce((a, b) => a + b, 0);
  const all = broken + counted('image');
  return all === 0 ? '–' : `${((100 * broken) / all).toFixed(2)} %`;
}

function tiles(values: readonly (readonly [string, string])[]): HTMLElement {
  const each = values.map(([label, value]) =>
    el('div', { class: 'figure' }, el('strong', {}, value), el('span', {}, label)),
  );
  return el('div', { class: 'figure-row' }, ...each);
}

function table(rows: readonly [string, number][]): HTMLElement {
  if (rows.length === 0) return el('p', { class: 'quiet' }, 'None.');
  const each = rows.map(([name, count]) =>
    el('tr', {}, el('td', {}, name), el('td', { class: 'number' }, grouped(count))),
  );
  return el('table', { class: 'figures-table' }, el('tbody', {}, ...each));
}
