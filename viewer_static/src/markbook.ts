/** What readers drew and marked in this study: on the pictures, in the list, and kept in this browser. */
import { isMark, type Mark } from './figures/mark.ts';
import { History } from './history.ts';
import type { Pane } from './pane.ts';
import type { Stage } from './stage.ts';
import type { Look } from './tools/camera.ts';

interface State {
  readonly marks: readonly Mark[];
  /** By pane and series: a window of another series is not gone back to. */
  readonly looks: Readonly<Record<string, Look | null>>;
}

/** Geometry and opaque identifiers only: what a reader writes may name a patient. */
interface Kept {
  readonly marks: readonly Mark[];
  readonly keys: readonly string[];
}

const KEPT = 'pacs-marks:';

const spot = (pane: Pane): string => `${pane.id} ${pane.seriesId}`;

/** Fires `change` when figures or key images came, went or moved. */
export class Markbook extends EventTarget {
  keys: readonly string[] = [];
  readonly history: History<State>;
  private studyId = '';
  /** Figures on images whose header was not read yet. */
  private waiting: readonly Mark[] = [];
  private readonly words = new Map<string, readonly string[]>();

  constructor(
    private readonly stage: Stage,
    private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
  ) {
    super();
    this.history = new History(
      () => this.state(),
      (state) => this.restore(state),
    );
    stage.addEventListener('machine', () => stage.machine?.marks.watchMarks(() => this.changed()));
    stage.addEventListener('shown', () => this.arrived());
  }

  /** Another study: what was drawn on the one before stays in this browser. */
  open(studyId: string): void {
    if (studyId === this.studyId) return;
    this.studyId = '';
    for (const { id } of this.drawn()) this.stage.machine?.marks.remove(id);
    const kept = this.kept(studyId);
    this.studyId = studyId;
    this.waiting = kept.marks;
    this.keys = kept.keys;
    this.arrived();
    this.history.accept();
    this.tell();
  }

  all(): readonly Mark[] {
    return [...this.drawn(), ...this.waiting];
  }

  /** The words of a figure, as last read while its picture was decoded. */
  lines(mark: Mark): readonly string[] {
    const { marks } = this.stage.machine ?? {};
    if (marks === undefined || !marks.isKnown(mark.imageId)) return this.words.get(mark.id) ?? [];
    const before = this.words.get(mark.id);
    if (marks.pictureOf(mark.imageId) === null && before !== undefined) return before;
    const { lines } = marks.readingOf(mark);
    this.words.set(mark.id, lines);
    return lines;
  }

  remove(mark: Mark): void {
    this.waiting = this.waiting.filter(({ id }) => id !== mark.id);
    this.stage.machine?.marks.remove(mark.id);
    this.redraw();
    this.history.settle();
    this.changed();
  }

  removeHighlighted(): void {
    const found = this.stage.machine?.marks.highlighted() ?? null;
    if (found !== null) this.remove(found);
  }

  /** Figures that came from the archive. */
  add(marks: readonly Mark[]): void {
    const known = new Set(this.all().map(({ id }) => id));
    this.waiting = [...this.waiting, ...marks.filter(({ id }) => !known.has(id))];
    this.arrived();
    this.history.accept();
    this.changed();
  }

  toggleKey(imageId: string): void {
    this.keys = this.keys.includes(imageId)
      ? this.keys.filter((key) => key !== imageId)
      : [...this.keys, imageId];
    this.changed();
  }

  private drawn(): readonly Mark[] {
    return this.stage.machine?.marks.marks() ?? [];
  }

  private state(): State {
    const looks = this.stage.panes.map((pane) => [spot(pane), pane.view?.look ?? null] as const);
    return { marks: this.drawn(), looks: Object.fromEntries(looks) };
  }

  private restore({ marks, looks }: State): void {
    if (this.stage.machine === null) return;
    this.redrawn(marks);
    for (const pane of this.stage.panes) {
      const look = looks[spot(pane)] ?? null;
      if (look !== null && pane.view !== null) pane.view.look = look;
    }
    this.redraw();
    this.changed();
  }

  /** Exactly these figures, and no other. */
  private redrawn(marks: readonly Mark[]): void {
    const machine = this.stage.machine?.marks;
    const wanted = new Set(marks.map(({ id }) => id));
    for (const { id } of this.drawn()) if (!wanted.has(id)) machine?.remove(id);
    const now = new Map(this.drawn().map((mark) => [mark.id, JSON.stringify(mark)]));
    for (const mark of marks) if (now.get(mark.id) !== JSON.stringify(mark)) machine?.put(mark);
  }

  /** A header was read: what waited for it can be drawn. */
  private arrived(): void {
    const { marks } = this.stage.machine ?? {};
    if (marks === undefined || this.waiting.length === 0) return;
    const ready = this.waiting.filter(({ imageId }) => marks.isKnown(imageId));
    this.waiting = this.waiting.filter(({ imageId }) => !marks.isKnown(imageId));
    for (const mark of ready) marks.put(mark);
    if (ready.length > 0) this.redraw();
    this.history.accept();
  }

  private redraw(): void {
    this.stage.machine?.marks.redraw(this.stage.panes.map(({ id }) => id));
  }

  private changed(): void {
    if (this.studyId === '') return;
    const marks = this.all()
      .filter(({ figure }) => figure.kind !== 'text')
      .map((mark) => ({ ...mark, figure: { ...mark.figure, label: '' } }));
    if (marks.length + this.keys.length === 0) this.storage.removeItem(KEPT + this.studyId);
    else this.storage.setItem(KEPT + this.studyId, JSON.stringify({ marks, keys: this.keys }));
    this.tell();
  }

  private kept(studyId: string): Kept {
    try {
      const found = JSON.parse(this.storage.getItem(KEPT + studyId) ?? '{}') as Partial<Kept>;
      const { marks = [], keys = [] } = found;
      return { marks: marks.filter(isMark), keys: keys.filter((key) => typeof key === 'string') };
    } catch {
      return { marks: [], keys: [] };
    }
  }

  private tell(): void {
    this.dispatchEvent(new Event('change'));
  }
}
