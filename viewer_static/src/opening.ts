/** Opens a study, its series in viewports, and finds what the patient had before. */
import {
  othersOf,
  type SeriesDetail,
  type SeriesHead,
  type Study,
  type StudyDetail,
  series as seriesOf,
  study as studyOf,
} from './api.ts';
import { recognised } from './errors.ts';
import { comparable, filled, hang, isPicture, type Layout, usual, whenOf } from './layout.ts';
import type { Link } from './link.ts';
import type { Pane } from './pane.ts';
import type { Watch } from './persist.ts';
import type { Stage } from './stage.ts';
import type { Transport } from './transport.ts';

export interface OpeningDeps {
  readonly transport: Transport;
  readonly link: Link;
  readonly stage: Stage;
  /** The layout this reader likes for such a study. */
  readonly liked: (study: StudyDetail) => Layout | null;
}

/** Fires `study` when another one is open, `series` when a pane is given one, `priors` when they are known, or `no-priors`. */
export class Opening extends EventTarget {
  study: StudyDetail | null = null;
  /** Other studies of the same patient, the newest first. */
  others: readonly Study[] = [];
  prior: StudyDetail | null = null;
  private readonly heads = new Map<string, SeriesHead>();
  private readonly giveUps = new Map<Pane | null, AbortController>();
  /** Its layout and what the patient had before are still to come. */
  private isBare = false;

  constructor(private readonly deps: OpeningDeps) {
    super();
    deps.stage.addEventListener('laid', () => this.fill());
  }

  /** The series, or the study's first one, in the active pane. */
  async open(studyId: string, seriesId: string | null): Promise<void> {
    const { stage } = this.deps;
    const pane = stage.active;
    if (seriesId !== null && this.study?.id === studyId && pane.seriesId === seriesId) return;
    const signal = this.begin(pane);
    try {
      // Asked together where the address names both; a failure is met when its turn comes.
      const early = seriesId === null ? null : this.detail(pane, seriesId, signal);
      early?.catch(() => undefined);
      const study = await this.studied(studyId, pane, signal);
      const wanted = seriesId ?? firstOf(study);
      if (wanted === undefined) pane.message('Nothing to show', 'This study has no series.');
      else await this.series(pane, wanted, early ?? this.detail(pane, wanted, signal), signal);
      if (!signal.aborted) await this.after();
    } catch (thrown) {
      this.failed(pane, signal, thrown);
    }
  }

  /** For listeners that came late. */
  again(): void {
    if (this.study === null) return;
    const heard = this.others.length > 0 ? ['study', 'series', 'priors'] : ['study', 'series'];
    for (const what of heard) this.dispatchEvent(new Event(what));
  }

  /** A series of this study or of a prior. */
  async into(pane: Pane, seriesId: string): Promise<void> {
    const signal = this.begin(pane);
    try {
      await this.series(pane, seriesId, this.detail(pane, seriesId, signal), signal);
      if (!signal.aborted) await this.after();
    } catch (thrown) {
      this.failed(pane, signal, thrown);
    }
  }

  close(): void {
    for (const giveUp of this.giveUps.values()) giveUp.abort();
    this.giveUps.clear();
    this.deps.stage.close();
    this.study = null;
    this.prior = null;
    this.others = [];
    this.heads.clear();
  }

  head(seriesId: string): SeriesHead | null {
    return this.heads.get(seriesId) ?? null;
  }

  /** The series of a prior become known, and can be hung beside. */
  async openPrior(id: string): Promise<StudyDetail | null> {
    const signal = this.besides();
    const prior = await studyOf(this.deps.transport, id, { signal, waiting: () => undefined });
    if (signal.aborted) return null;
    this.prior = prior;
    for (const head of prior.series) this.heads.set(head.id, head);
    this.dispatchEvent(new Event('priors'));
    return prior;
  }

  /** Beside the active pane its counterpart of another study; false when there is none with such pictures. */
  async compare(): Promise<boolean> {
    const { stage } = this.deps;
    const modality = this.head(stage.active.seriesId)?.modality ?? '';
    if (!(await this.hasBeside(modality))) return false;
    for (const pane of stage.panes) if (pane !== stage.active) pane.close();
    stage.lay({ rows: 1, columns: 2 });
    this.fill();
    return true;
  }

  private async hasBeside(modality: string): Promise<boolean> {
    const { study, prior, others } = this;
    if (prior?.series.some((series) => series.modality === modality)) return true;
    const other = study === null ? null : comparable(modality, study, others);
    return other !== null && (await this.openPrior(other.id)) !== null;
  }

  /** Empty panes get what comes next, by simple rules. */
  fill(): void {
    const { stage } = this.deps;
    const head = this.head(stage.active.seriesId);
    if (this.study === null || head === null || stage.panes.length < 2) return;
    const beside = this.prior?.series ?? [];
    const hung = hang(head, this.study.series, beside, stage.panes.length);
    const open = new Set(stage.panes.map(({ seriesId }) => seriesId));
    const next = hung.filter((series) => series !== null && !open.has(series.id));
    for (const pane of stage.panes) {
      if (pane.seriesId !== '') continue;
      const series = next.shift();
      if (series) void this.into(pane, series.id);
    }
  }

  /** The first picture is there, of whichever series its reader has chosen meanwhile. */
  private async after(): Promise<void> {
    const { study } = this;
    const { stage, liked } = this.deps;
    if (study === null || !this.isBare) return;
    this.isBare = false;
    const layout = filled(liked(study) ?? usual(study.series), study.series);
    if (layout.rows * layout.columns > 1) stage.lay(layout);
    // A guest has this study alone.
    if (!document.body.hasAttribute('data-guest')) await this.lookBack(study, this.besides());
  }

  private async lookBack(study: StudyDetail, signal: AbortSignal): Promise<void> {
    const others = await othersOf(this.deps.transport, study, this.quiet(signal)).catch(noneKnown);
    if (signal.aborted) return;
    this.others = others ?? [];
    this.dispatchEvent(new Event(others === null ? 'no-priors' : 'priors'));
  }

  /** For what is of the study as a whole. */
  private besides(): AbortSignal {
    return this.giveUps.get(null)?.signal ?? this.begin(null);
  }

  private quiet(signal: AbortSignal): Watch {
    return { signal, waiting: () => undefined };
  }

  private begin(pane: Pane | null): AbortSignal {
    this.giveUps.get(pane)?.abort();
    const giveUp = new AbortController();
    this.giveUps.set(pane, giveUp);
    return giveUp.signal;
  }

  private async studied(id: string, pane: Pane, signal: AbortSignal): Promise<StudyDetail> {
    if (this.study?.id === id) return this.study;
    this.forgetAllBut(pane);
    const what = 'Opening the study';
    pane.message(what, '');
    const study = await studyOf(this.deps.transport, id, this.watch(pane, signal, what));
    signal.throwIfAborted();
    this.study = study;
    this.isBare = true;
    for (const head of study.series) this.heads.set(head.id, head);
    this.dispatchEvent(new Event('study'));
    return study;
  }

  /** Nothing of another patient stays on the wall. */
  private forgetAllBut(pane: Pane): void {
    const { stage } = this.deps;
    for (const [owner, giveUp] of this.giveUps) {
      if (owner === pane) continue;
      giveUp.abort();
      this.giveUps.delete(owner);
    }
    stage.close();
    stage.lay({ rows: 1, columns: 1 });
    this.study = null;
    this.prior = null;
    this.others = [];
    this.heads.clear();
  }

  private detail(pane: Pane, id: string, signal: AbortSignal): Promise<SeriesDetail> {
    return seriesOf(this.deps.transport, id, this.watch(pane, signal, 'Opening the series'));
  }

  private async series(
    pane: Pane,
    id: string,
    coming: Promise<SeriesDetail>,
    signal: AbortSignal,
  ): Promise<void> {
    pane.close();
    pane.seriesId = id;
    pane.message('Opening the series', '');
    this.dispatchEvent(new Event('series'));
    const detail = await coming;
    if (signal.aborted) return;
    const opened = pane.open(this.related(detail), this.watch(pane, signal, 'Loading the viewer'));
    this.dispatchEvent(new Event('series'));
    await opened;
  }

  /** What is of another time says so wherever it is shown. */
  private related(detail: SeriesDetail): SeriesDetail {
    const { study } = this;
    if (study === null || study.id === detail.study.id) return detail;
    return { ...detail, study: { ...detail.study, beside: whenOf(detail.study, study) } };
  }

  private watch(pane: Pane, signal: AbortSignal, what: string): Watch {
    const { link } = this.deps;
    const reason = () => {
      if (!signal.aborted) pane.cover.waiting(what, link.sentence());
    };
    let release = (): void => {};
    return {
      signal,
      waiting: (waiting) => {
        release();
        // Given up: another series may be in the pane.
        if (waiting === null || signal.aborted) return;
        const letGo = link.hold();
        link.addEventListener('change', reason);
        release = () => {
          letGo();
          link.removeEventListener('change', reason);
        };
        reason();
      },
    };
  }

  private failed(pane: Pane, signal: AbortSignal, thrown: unknown): void {
    if (signal.aborted) return;
    const error = recognised(thrown);
    const request = error.requestId === null ? '' : ` Request ${error.requestId}.`;
    pane.seriesId = '';
    pane.message(error.title, `${error.message}${request}`);
  }
}

/** Whoever may not search has no priors; null where it could not be found out. */
function noneKnown(thrown: unknown): Study[] | null {
  return recognised(thrown).status === 403 ? [] : null;
}

/** A picture rather than a report about it. */
function firstOf({ series }: StudyDetail): string | undefined {
  return (series.find(({ modality }) => isPicture(modality)) ?? series[0])?.id;
}
