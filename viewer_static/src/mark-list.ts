/** The list of figures and key images, kept in step with the pictures. */
import { displayName } from './figures/mark.ts';
import type { KeyNotes } from './formats/key-notes.ts';
import type { Markbook } from './markbook.ts';
import { type KeyEntry, MarksPanel } from './marks-panel.ts';
import type { Stage } from './stage.ts';

/** While a figure is dragged it changes at every frame; nobody reads that fast. */
const PAINT_MS = 100;

interface Place {
  readonly seriesId: string;
  readonly words: string;
  readonly sopUid: string;
}

export class MarkList {
  readonly panel: MarksPanel;
  private readonly places = new Map<string, Place>();
  private painting = 0;

  constructor(
    private readonly stage: Stage,
    private readonly book: Markbook,
    /** Key images by documents of the archive. */
    private readonly notes: KeyNotes,
    /** Brings another series into the active pane. */
    private readonly place: (seriesId: string) => void,
  ) {
    this.panel = new MarksPanel({
      jump: (imageId) => this.jump(imageId),
      remove: (mark) => book.remove(mark),
      unkey: (imageId) => book.toggleKey(imageId),
      close: () => this.toggle(),
    });
    for (const keys of [book, notes]) keys.addEventListener('change', () => this.refresh());
    stage.addEventListener('opened', () => this.learn());
    stage.addEventListener('shown', () => this.refresh());
  }

  toggle(): void {
    this.panel.node.hidden = !this.panel.node.hidden;
    this.paint();
  }

  /** From key image to key image, in the order they were marked; then those of the archive. */
  step(by: 1 | -1): void {
    const keys = [...new Set([...this.book.keys, ...this.noted().map(({ imageId }) => imageId)])];
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
        const seriesId = session?.model.detail.id ?? '';
        this.places.set(slice.imageId, { seriesId, words, sopUid: slice.instance.sop_uid });
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
      [...this.book.keys.map((imageId) => ({ imageId, place: place(imageId) })), ...this.noted()],
    );
  }

  /** Of series that were opened; of many frames in one file the first: documents name files. */
  private noted(): KeyEntry[] {
    const found = new Map<string, KeyEntry>();
    for (const [imageId, { words, sopUid }] of this.places) {
      const title = this.notes.titleOf(sopUid);
      if (title !== null && !found.has(sopUid)) found.set(sopUid, { imageId, place: words, title });
    }
    return [...found.values()];
  }

  /** A star on the picture says that it is a key image, and whose. */
  private marked(): void {
    for (const { shown, overlay } of this.stage.panes) {
      const { slice = null } = shown ?? {};
      const isOwn = slice !== null && this.book.keys.includes(slice.imageId);
      const title = slice === null ? null : this.notes.titleOf(slice.instance.sop_uid);
      overlay.key([isOwn ? 'key image' : '', title ?? ''].filter(Boolean).join(' · '));
    }
  }
}
