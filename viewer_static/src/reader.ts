/** The reading page: toolbar, series strip, picture and status; opens a study and its series. */
import {
  downloadPath,
  type SeriesDetail,
  type StudyDetail,
  series as seriesOf,
  study as studyOf,
} from './api.ts';
import { LinkChip } from './chip.ts';
import { wallClock } from './clock.ts';
import { el, isTyping } from './dom.ts';
import { recognised } from './errors.ts';
import { helpDialog } from './help.ts';
import { type Command, obeyed } from './keys.ts';
import type { Link } from './link.ts';
import type { Watch } from './persist.ts';
import { CT_PRESETS } from './presets.ts';
import { Progress } from './progress.ts';
import { SkippedList } from './skipped.ts';
import { Stage, warm } from './stage.ts';
import { Strip } from './strip.ts';
import { plural } from './text.ts';
import type { Toasts } from './toasts.ts';
import { Toolbar } from './toolbar.ts';
import type { Transport } from './transport.ts';

export interface ReaderDeps {
  readonly transport: Transport;
  readonly link: Link;
  readonly toasts: Toasts;
  /** Puts what is open into the page's address, which in turn opens it. */
  readonly goes: (studyId: string, seriesId: string) => void;
  readonly back: () => void;
}

const PAGE = 10;

export class Reader {
  readonly node: HTMLElement;
  private readonly stage: Stage;
  private readonly strip: Strip;
  private readonly toolbar: Toolbar;
  private readonly progress = new Progress();
  private readonly commands: readonly Command[];
  private readonly skipped = new SkippedList();
  private readonly help: HTMLDialogElement;
  private study: StudyDetail | null = null;
  private seriesId = '';
  private failedBefore = 0;
  private giveUp = new AbortController();

  constructor(private readonly deps: ReaderDeps) {
    this.stage = new Stage(deps.transport, deps.link);
    this.strip = new Strip(deps.transport, (head) => deps.goes(this.study?.id ?? '', head.id));
    this.commands = this.keyboard();
    this.help = helpDialog(this.commands);
    this.toolbar = new Toolbar(this.actions(), CT_PRESETS);
    const chip = new LinkChip(deps.link, wallClock);
    const status = el(
      'footer',
      { class: 'status' },
      this.progress.node,
      this.skipped.opener,
      chip.node,
    );
    const desk = el('div', { class: 'desk' }, this.strip.node, this.stage.node);
    this.node = el(
      'main',
      { class: 'reader' },
      this.toolbar.node,
      desk,
      status,
      this.help,
      this.skipped.dialog,
    );
    this.listen();
  }

  /** Opens the series, or the study's first one. */
  async open(studyId: string, seriesId: string | null): Promise<void> {
    this.giveUp.abort();
    this.giveUp = new AbortController();
    const { signal } = this.giveUp;
    warm();
    try {
      // Asked together where the address names both; a failure is met when its turn comes.
      const early = seriesId === null ? null : this.detail(seriesId, signal);
      early?.catch(() => undefined);
      const study = await this.studied(studyId, signal);
      const wanted = seriesId ?? study.series[0]?.id;
      if (wanted === undefined) this.stage.message('Nothing to show', 'This study has no series.');
      else await this.series(wanted, early ?? this.detail(wanted, signal), signal);
    } catch (thrown) {
      this.failed(signal, thrown);
    }
  }

  close(): void {
    this.giveUp.abort();
    this.stage.close();
    this.strip.close();
    this.help.close();
    this.skipped.dialog.close();
    this.study = null;
  }

  key(event: KeyboardEvent): void {
    const busy = this.help.open || this.skipped.dialog.open || isTyping(event.target);
    const pressesButton = event.key === ' ' && event.target instanceof HTMLButtonElement;
    if (busy || pressesButton || this.stage.key(event)) return;
    obeyed(this.commands, event);
  }

  private async studied(id: string, signal: AbortSignal): Promise<StudyDetail> {
    if (this.study?.id === id) return this.study;
    this.stage.close();
    this.stage.message('Opening the study', '');
    const study = await studyOf(this.deps.transport, id, this.watch(signal, 'Opening the study'));
    signal.throwIfAborted();
    this.study = study;
    this.toolbar.shows(study);
    this.strip.show(study.series);
    return study;
  }

  private detail(id: string, signal: AbortSignal): Promise<SeriesDetail> {
    return seriesOf(this.deps.transport, id, this.watch(signal, 'Opening the series'));
  }

  private async series(
    id: string,
    coming: Promise<SeriesDetail>,
    signal: AbortSignal,
  ): Promise<void> {
    this.seriesId = id;
    this.strip.mark(id);
    this.stage.close();
    this.stage.message('Opening the series', '');
    const detail = await coming;
    if (signal.aborted) return;
    this.toolbar.series(
      detail.modality === 'CT',
      detail.modality !== 'SM' && detail.instances.some(({ frames }) => frames > 1),
    );
    this.skipped.show([]);
    await this.stage.open(detail, this.watch(signal, 'Loading the viewer'));
  }

  /** Entries that cannot be opened are named, never silently missing. */
  private skips(): void {
    const skipped = this.stage.session?.model.skipped ?? this.stage.slide?.skipped ?? [];
    this.skipped.show(skipped);
    if (skipped.length === 0) return;
    const what = plural(skipped.length, 'entry', 'entries');
    this.deps.toasts.say('skipped', 'warn', `${what} of this series cannot be opened.`);
  }

  private watch(signal: AbortSignal, what: string): Watch {
    const { link } = this.deps;
    const reason = () => this.stage.waiting(what, link.sentence());
    let release = (): void => {};
    return {
      signal,
      waiting: (waiting) => {
        release();
        if (waiting === null) return;
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

  private failed(signal: AbortSignal, thrown: unknown): void {
    if (signal.aborted) return;
    const error = recognised(thrown);
    const request = error.requestId === null ? '' : ` Request ${error.requestId}.`;
    this.stage.message(error.title, `${error.message}${request}`);
  }

  private listen(): void {
    const { stage, toolbar } = this;
    stage.addEventListener('opened', () => this.skips());
    stage.addEventListener('progress', () => this.counted());
    stage.addEventListener('shown', () => this.strip.begin());
    stage.addEventListener('wanted', () => {
      const { wanted } = stage;
      toolbar.downloads(wanted === null ? null : downloadPath(wanted.instance.id));
    });
    stage.addEventListener('cine', () => {
      const cine = stage.session?.cine;
      if (cine !== undefined) toolbar.playing(cine.playing, cine.rate);
    });
  }

  private counted(): void {
    const { session, slide } = this.stage;
    if (slide !== null) this.progress.show(slide.counts);
    if (session === null) return;
    const { counts, failures } = session.model;
    this.progress.show(counts);
    // The placeholder speaks for the slice on screen; the note is for those out of sight.
    const elsewhere = failures.some((index) => index !== session.navigation.wanted);
    this.failures(elsewhere ? counts.failed : 0);
  }

  /** Said once per change, not once per slice that moves. */
  private failures(failed: number): void {
    if (failed === this.failedBefore) return;
    this.failedBefore = failed;
    if (failed === 0) this.deps.toasts.dismiss('failed');
    else this.deps.toasts.say('failed', 'bad', `${plural(failed, 'image')} could not be loaded.`);
  }

  private neighbour(by: 1 | -1): void {
    const list = this.study?.series ?? [];
    const next = list[list.findIndex(({ id }) => id === this.seriesId) + by];
    if (this.study !== null && next !== undefined) this.deps.goes(this.study.id, next.id);
  }

  private preset(index: number): void {
    this.stage.preset(index);
    this.toolbar.preset(index);
  }

  private actions() {
    return {
      back: this.deps.back,
      invert: () => this.stage.invert(),
      reset: () => this.resetView(),
      cine: () => this.stage.session?.cine.toggle(),
      rate: (rate: number) => this.stage.session?.cine.setRate(rate),
      preset: (index: number) => this.stage.preset(index),
      help: () => this.help.showModal(),
    };
  }

  private resetView(): void {
    this.stage.reset();
    this.toolbar.preset(-1);
  }

  private keyboard(): Command[] {
    const { stage } = this;
    const all = Number.MAX_SAFE_INTEGER;
    const command = (keys: string[], shown: string, label: string, run: () => void): Command => ({
      keys,
      shown,
      label,
      run,
    });
    return [
      command(['ArrowUp', 'ArrowLeft'], '↑ ←', 'Previous slice', () => stage.step(-1)),
      command(['ArrowDown', 'ArrowRight'], '↓ →', 'Next slice', () => stage.step(1)),
      command(['PageUp'], 'Page up', 'Ten slices back', () => stage.step(-PAGE)),
      command(['PageDown'], 'Page down', 'Ten slices on', () => stage.step(PAGE)),
      command(['Home'], 'Home', 'First slice', () => stage.step(-all)),
      command(['End'], 'End', 'Last slice', () => stage.step(all)),
      command(['['], '[', 'Previous series', () => this.neighbour(-1)),
      command([']'], ']', 'Next series', () => this.neighbour(1)),
      ...CT_PRESETS.map(({ name }, index) =>
        command([String(index + 1)], String(index + 1), `CT window: ${name}`, () =>
          this.ctPreset(index),
        ),
      ),
      command(['0'], '0', 'Window as stored', () => this.preset(-1)),
      command(['i', 'I'], 'I', 'Invert', () => stage.invert()),
      command(['r', 'R'], 'R', 'Reset the view', () => this.resetView()),
      command(['+', '='], '+', 'Zoom in', () => stage.zoom(1.2)),
      command(['-'], '−', 'Zoom out', () => stage.zoom(1 / 1.2)),
      command([' '], 'Space', 'Play or pause', () => stage.session?.cine.toggle()),
      command(['Escape'], 'Esc', 'Back to the studies', () => this.deps.back()),
      command(['?'], '?', 'This list', () => this.help.showModal()),
    ];
  }

  private ctPreset(index: number): void {
    if (this.stage.session?.model.detail.modality === 'CT') this.preset(index);
  }
}
