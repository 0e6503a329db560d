/** The list of figures and key images, kept in step with the pictures. */
import { displayName } from './figures/mark.ts';
import type { Markbook } from './markbook.ts';
import { MarksPanel } from './marks-panel.ts';
import type { Stage } from './stage.ts';

/** While a figure is dragged it changes at every frame; nobody reads that fast. */
const PAINT_MS = 100;

interface Place {
  readonly seriesId: string;
  readonly words: string;
}

export class MarkList {
  readonly panel: MarksPanel;
  private readonly places = new Map<string, Place>();
  private painting = 0;

  constructor(
    private readonly stage: Stage,
    private readonly book: Markbook,
    /** Brings another series into the active pane. */
    private readonly place: (seriesId: string) => void,
  ) {
    this.panel = new MarksPanel({
      jump: (imageId) => this.jump(imageId),
      remove: (mark) => book.remove(mark),
      unkey: (imageId) => book.toggleKey(imageId),
      close: () => this.toggle(),
    });
    book.addEventListener('change', () => this.refresh());
    stage.addEventListener('opened', () => this.learn());
    stage.addEventListener('shown', () => this.refresh());
  }

  toggle(): void {
    this.panel.node.hidden = !this.panel.node.hidden;
    this.paint();
  }

  /** From key image to key image, in the order they were marked. */
  step(by: 1 | -1): void {
    const { keys } = this.book;
    const here = this.stage.active.shown?.slice.imageId ?? '';
    const at = keys.indexOf(here);
    const next = keys.at(at < 0 && by < 0 ? -1 : (at + by) % keys.length);
    if (next !== undefined) this.jump(next);
  }

  /** The pane that has the image, or the active one with the series it belongs to. */
  private jump(imageId: string): void {
    for (const pane of this.stage.panes) {
      const slice = pane.session?.model.slice(imageId);
      if (slice === undefined) continue;
      this.stage.activate(pane);
      void pane.session?.navigation.show(slice.index);
      return;
    }
    const seriesId = this.places.get(imageId)?.seriesId;
    if (seriesId === undefined) return;
    const { active } = this.stage;
    active.landing = { imageId };
    this.place(seriesId);
  }

  private learn(): void {
    for (const { session } of this.stage.panes) {
      for (const slice of session?.model.slices ?? []) {
        const words = displayName(slice.index, session?.model.detail.description ?? '');
        this.places.set(slice.imageId, { seriesId: session?.model.detail.id ?? '', words });
      }
    }
    this.refresh();
  }

  private refresh(): void {
    this.painting ||= window.setTimeout(() => this.paint(), PAINT_MS);
  }

  private paint(): void {
    clearTimeout(this.painting);
    this.painting = 0;
    this.marked();
    if (this.panel.node.hidden) return;
    const place = (imageId: string) => this.places.get(imageId)?.words ?? 'another series';
    this.panel.show(
      this.book.all().map((mark) => ({
        mark,
        lines: this.book.lines(mark),
        place: place(mark.imageId),
      })),
      this.book.keys.map((imageId) => ({ imageId, place: place(imageId) })),
    );
  }

  /** A star on the picture says that it is a key image. */
  private marked(): void {
    for (const pane of this.stage.panes) {
      const imageId = pane.shown?.slice.imageId;
      pane.overlay.key(imageId !== undefined && this.book.keys.includes(imageId));
    }
  }
}
