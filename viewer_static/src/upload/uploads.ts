/** The upload part of the page, loaded at the first file: the desk, its panel, and what follows from it. */
import { wallClock } from '../clock.ts';
import { plural } from '../text.ts';
import type { Source } from './answers.ts';
import { Asking } from './asking.ts';
import type { Batch } from './batch.ts';
import { Desk } from './desk.ts';
import type { Inside } from './door.ts';
import { Ledger } from './ledger.ts';
import { Panel } from './panel.ts';
import type { Picked } from './survey.ts';
import { sums } from './words.ts';

const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function store(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

export class Uploads {
  private readonly desk: Desk;
  private readonly panel: Panel;
  /** Begun on this page: only these may open a study by themselves. */
  private readonly ours = new Set<Batch>();

  constructor(private readonly deps: Inside) {
    this.desk = new Desk({
      transport: deps.transport,
      clock: wallClock,
      ledger: new Ledger(store(), uuid()),
      asker: new Asking(deps.transport, deps.host),
      online: () => navigator.onLine,
      reading: deps.reading,
      visible: () => document.visibilityState === 'visible',
      breathe,
      uuid,
    });
    this.panel = new Panel(this.desk, deps, wallClock);
    deps.host.append(this.panel.node);
    this.listen();
    void this.desk.restore();
  }

  async add(picks: readonly Picked[], source: Source): Promise<void> {
    this.panel.open(!this.deps.reading());
    this.ours.add(await this.desk.add(picks, source));
  }

  turned(): void {
    this.desk.rebalance();
    this.panel.turned();
  }

  private listen(): void {
    this.desk.addEventListener('stored', () => this.deps.stored());
    this.desk.addEventListener('done', (event) => this.done((event as CustomEvent<Batch>).detail));
    window.addEventListener('online', () => this.desk.tryNow());
    window.addEventListener('beforeunload', (event) => {
      if (this.desk.sending) event.preventDefault();
    });
  }

  /** One study, and the list still in front of somebody idle: it opens. A reader is never moved. */
  private done(batch: Batch): void {
    const tally = batch.tally();
    if (tally.files === 0) return;
    this.deps.stored();
    const [study] = batch.studies;
    const one = batch.studies.size === 1 && study !== undefined;
    const text = `Upload of ${plural(tally.files, 'file')} finished: ${sums(tally)}.`;
    const tone = tally.troubled > 0 ? 'warn' : 'good';
    if (one && this.ours.has(batch) && tally.troubled === 0 && this.deps.idle()) {
      this.deps.goes(study);
      const back = { label: 'Back to the list', run: () => history.back() };
      this.deps.toasts.say('upload', tone, text, back);
    } else if (one)
      this.deps.toasts.say('upload', tone, text, {
        label: 'Open the study',
        run: () => this.deps.goes(study),
      });
    else this.deps.toasts.say('upload', tone, text);
  }
}
