/** What stands around the pictures: toolbar, series strip, lists and status. */
import { downloadPath, type SeriesHead } from './api.ts';
import { AskText } from './ask.ts';
import { LinkChip } from './chip.ts';
import { wallClock } from './clock.ts';
import { commandsOf } from './commands.ts';
import { isTyping } from './dom.ts';
import { KeyNotes } from './formats/key-notes.ts';
import type { Bare, ReaderDeps } from './furniture.ts';
import { HelpDialog } from './help.ts';
import { InfoDialog } from './info.ts';
import { Keymap } from './keymap.ts';
import { type Command, obeyed } from './keys.ts';
import type { Layout } from './layout.ts';
import { MarkList } from './mark-list.ts';
import { MarkSaving } from './mark-saving.ts';
import { Markbook } from './markbook.ts';
import { memoryChoice } from './memory-choice.ts';
import { NetworkChip } from './network-chip.ts';
import type { Opening } from './opening.ts';
import type { Pane } from './pane.ts';
import { STORED } from './presets.ts';
import { savePicture } from './screenshot.ts';
import { ShareDialog } from './share-dialog.ts';
import type { Stage } from './stage.ts';
import { StatusLine } from './status-line.ts';
import { Strip } from './strip.ts';
import { turnTheme } from './theme.ts';
import { Together } from './together.ts';
import { Toolbar } from './toolbar.ts';

export class Reader {
  private readonly stage: Stage;
  private readonly opening: Opening;
  private readonly together: Together;
  private readonly book: Markbook;
  private readonly list: MarkList;
  private readonly notes: KeyNotes;
  private readonly saving: MarkSaving;
  private readonly strip: Strip;
  private readonly toolbar: Toolbar;
  private readonly commands: readonly Command[];
  private readonly status: StatusLine;
  private readonly asking = new AskText();
  private readonly info: InfoDialog;
  private readonly sharing: ShareDialog;
  private readonly help: HelpDialog;
  private readonly keymap: Keymap;

  constructor(
    private readonly deps: ReaderDeps,
    private readonly bare: Bare,
  ) {
    const { transport, link } = deps;
    const { stage, opening } = bare;
    this.stage = stage;
    this.keymap = new Keymap(deps.preferences);
    this.opening = opening;
    this.status = new StatusLine(stage, deps.toasts);
    this.together = new Together(stage);
    this.book = new Markbook(stage, localStorage);
    this.notes = new KeyNotes(transport);
    const place = (id: string) => this.place(stage.active, id);
    this.list = new MarkList(stage, this.book, this.notes, place);
    this.saving = new MarkSaving(transport, this.book, deps.toasts);
    this.list.panel.foot.append(this.saving.node);
    this.info = new InfoDialog(stage);
    this.sharing = new ShareDialog(transport);
    this.strip = new Strip(transport, {
      open: (head) => this.place(stage.active, head.id),
      prior: (study) => void this.prior(study.id),
    });
    this.commands = commandsOf(stage, this.actions());
    this.help = new HelpDialog(this.commands, this.keymap, this.memory());
    this.toolbar = new Toolbar(this.commands, this.keymap, {
      cine: () => stage.session?.cine.toggle(),
      rate: (rate) => stage.session?.cine.choose(rate),
      all: () => stage.session?.cine.all(),
      preset: (index) => this.preset(index),
    });
    this.toolbar.chosen(stage.tool);
    this.toolbar.node.append(new NetworkChip(transport, link, wallClock).node);
    this.furnish(new LinkChip(link, wallClock).node);
    this.listen();
    opening.again();
    stage.again();
  }

  close(): void {
    this.opening.close();
    this.saving.close();
    this.notes.close();
    this.strip.close();
    this.toolbar.close();
    for (const dialog of this.dialogs()) dialog.close();
  }

  key(event: KeyboardEvent): void {
    const isAsked = this.dialogs().some(({ open }) => open);
    const pressesButton = event.key === ' ' && event.target instanceof HTMLButtonElement;
    if (isAsked || isTyping(event.target) || pressesButton || this.stage.key(event)) return;
    const tabsThrough = event.key === 'Tab' && this.stage.panes.length === 1;
    if (!tabsThrough && obeyed(this.keymap.applied(this.commands), event))
      this.book.history.settle();
  }

  private dialogs(): readonly HTMLDialogElement[] {
    return [
      this.help.dialog,
      this.status.skipped.dialog,
      this.asking.dialog,
      this.info.dialog,
      this.sharing.dialog,
    ];
  }

  ask(written: string): Promise<string> {
    return this.asking.ask(written);
  }

  private memory(): HTMLElement {
    return memoryChoice(this.deps.preferences, (mib) => this.stage.machine?.engine.limit(mib));
  }

  private furnish(chip: HTMLElement): void {
    const { bar, strip, desk, status, page } = this.bare;
    bar.replaceWith(this.toolbar.node);
    strip.replaceWith(this.strip.node);
    desk.append(this.list.panel.node);
    status.append(...this.status.nodes, chip);
    page.append(...this.dialogs());
  }

  /** A series comes into a pane, and with it into the page's address. */
  place(pane: Pane, seriesId: string): void {
    const { study } = this.opening;
    if (study === null) return;
    this.stage.activate(pane);
    if (pane.seriesId !== seriesId) void this.opening.into(pane, seriesId);
    this.deps.goes(study.id, seriesId);
  }

  private async prior(id: string): Promise<void> {
    await this.opening.openPrior(id).catch(() => {
      this.deps.toasts.say('prior', 'bad', 'The other study could not be opened.');
    });
  }

  private async compare(): Promise<void> {
    if (await this.opening.compare().catch(() => false)) return;
    this.deps.toasts.say(
      'prior',
      'warn',
      'No other study of this patient with such pictures could be opened.',
    );
  }

  private listen(): void {
    const { stage, opening, strip } = this;
    stage.addEventListener('opened', () => this.opened());
    stage.addEventListener('active', () => this.activated());
    stage.addEventListener('tool', () => this.toolbar.chosen(stage.tool));
    stage.addEventListener('progress', () => this.status.counted());
    stage.addEventListener('pane-progress', (event) => strip.state((event as CustomEvent).detail));
    stage.addEventListener('shown', () => strip.begin());
    stage.addEventListener('shown', () => this.toolbar.planed(stage.planes));
    stage.addEventListener('shown', () => this.toolbar.offers(stage.active.facts?.offered ?? null));
    stage.addEventListener('wanted', () => this.downloads());
    stage.addEventListener('cine', () => this.played());
    opening.addEventListener('study', () => this.studied());
    opening.addEventListener('series', () => this.named());
    opening.addEventListener('priors', () => {
      if (opening.study !== null) strip.besides(opening.study, opening.others, opening.prior);
      this.named();
    });
    opening.addEventListener('no-priors', () =>
      this.deps.toasts.say(
        'prior',
        'warn',
        'Other studies of this patient could not be looked up.',
      ),
    );
    // What the mouse did is over a moment after the button is up: the library hears it first.
    window.addEventListener('pointerup', () => setTimeout(() => this.book.history.settle()));
  }

  private studied(): void {
    const { study } = this.opening;
    if (study === null) return;
    this.toolbar.shows(study);
    this.strip.show(study.series);
    this.book.open(study.id);
    void this.saving.open(study.id);
    void this.notes.open(study.series);
  }

  private named(): void {
    const { active, panes } = this.stage;
    this.strip.mark(
      active.seriesId,
      panes.map(({ seriesId }) => seriesId),
    );
    const head = this.opening.head(active.seriesId);
    const { session, papers } = active;
    const isCine = papers === null && session?.model.slices.length !== 1 && head?.modality !== 'SM';
    this.toolbar.series(head?.modality === 'CT', isCine);
    this.toolbar.offers(active.facts?.offered ?? null);
  }

  private activated(): void {
    this.named();
    const { study } = this.opening;
    const { seriesId } = this.stage.active;
    if (study !== null && seriesId !== '') this.deps.goes(study.id, seriesId);
  }

  private opened(): void {
    this.named();
    const { session } = this.stage;
    const frames = session?.model.slices.length ?? 0;
    if (session !== null && frames > session.model.instances.length)
      this.strip.frames(session.model.detail.id, frames);
    this.status.opened();
  }

  private downloads(): void {
    const { instance } = this.stage.active;
    this.toolbar.downloads(instance === null ? null : downloadPath(instance.id));
  }

  private played(): void {
    const cine = this.stage.session?.cine;
    if (cine !== undefined) this.toolbar.playing(cine);
  }

  private neighbour(by: 1 | -1): void {
    const series: readonly SeriesHead[] = this.opening.study?.series ?? [];
    const { active } = this.stage;
    const next = series[series.findIndex(({ id }) => id === active.seriesId) + by];
    if (next !== undefined) this.place(active, next.id);
  }

  private preset(index: number): void {
    if (index >= 0 && this.opening.head(this.stage.active.seriesId)?.modality !== 'CT') return;
    this.stage.active.preset(index);
    this.toolbar.preset(index);
  }

  private async screenshot(): Promise<void> {
    if (await savePicture(this.stage.active)) return;
    this.deps.toasts.say('picture', 'warn', 'There is no verified picture on screen to save.');
  }

  private lay(layout: Layout): void {
    const { study } = this.opening;
    if (study !== null) this.bare.liked.keep(study, layout);
    this.stage.lay(layout);
  }

  private actions() {
    const { stage, deps } = this;
    return {
      back: deps.back,
      help: () => this.help.open(),
      series: (by: 1 | -1) => this.neighbour(by),
      preset: (index: number) => this.preset(index),
      reset: () => {
        stage.active.reset();
        this.toolbar.preset(STORED);
      },
      undo: () => (this.stage.active.mpr?.drawing ?? this.book.history).undo(),
      redo: () => this.book.history.redo(),
      removeMark: () => this.book.removeHighlighted(),
      marks: () => this.list.toggle(),
      lay: (layout: Layout) => this.lay(layout),
      compare: () => void this.compare(),
      link: () => this.together.link(),
      lines: () => this.together.lines(),
      windows: () => this.together.windows(),
      theme: () => turnTheme(deps.preferences),
      tags: () => this.info.open(),
      screenshot: () => void this.screenshot(),
      share: () => {
        const { study } = this.opening;
        if (study !== null) this.sharing.open(study);
      },
      keyImage: () => {
        const { shown } = stage.active;
        if (shown !== null) this.book.toggleKey(shown.slice.imageId);
      },
      nextKey: (by: 1 | -1) => this.list.step(by),
      isLinked: () => this.together.isLinked,
      hasLines: () => this.together.hasLines,
      isWindowed: () => this.together.isWindowed,
    };
  }
}
