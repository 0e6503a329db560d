/** What readers drew and marked in this study: on the pictures, in the list, and kept in this browser. */
import type { Archived, ArchivedMark } from './api.ts';
import { isMark, type Mark } from './figures/mark.ts';
import { saidOf, type Value, valuesOf } from './figures/values-of.ts';
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
  /** Of every figure, also of those that are not kept here for what is written on them. */
  readonly ids: readonly string[];
  /** The saved report that these figures go on from. */
  readonly base: string | null;
}

const NOTHING: Kept = { marks: [], keys: [], ids: [], base: null };
const round = (value: number): number => Math.round(value * 1_000) / 1_000;

const KEPT = 'pacs-marks:';

const spot = (pane: Pane): string => `${pane.id} ${pane.seriesId}`;

/** Fires `change` when figures or key images came, went or moved. */
export class Markbook extends EventTarget {
  keys: readonly string[] = [];
  base: string | null = null;
  readonly history: History<State>;
  private studyId = '';
  /** Figures on images whose header was not read yet. */
  private waiting: readonly Mark[] = [];
  private drafts = NOTHING;
  private isJoined = false;
  private readonly words = new Map<string, readonly string[]>();
  private readonly numbers = new Map<string, readonly Value[]>();

  constructor(
    private readonly stage: Stage,
    private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
  ) {
    super();
    this.history = new History(
      () => this.state(),
      (state) => this.restore(state),
    );
    stage.addEventListener('tools', () => this.equipped());
    stage.addEventListener('shown', () => this.arrived());
  }

  /** Another study: what was drawn on the one before stays in this browser. */
  open(studyId: string): void {
    if (studyId === this.studyId) return;
    this.studyId = '';
    for (const { id } of this.drawn()) this.stage.tools?.marks.remove(id);
    const kept = this.kept(studyId);
    this.drafts = kept;
    this.isJoined = false;
    this.base = kept.base;
    this.studyId = studyId;
    this.waiting = kept.marks;
    this.keys = kept.keys;
    this.arrived();
    this.history.accept();
    this.tell();
  }

  private equipped(): void {
    this.stage.tools?.marks.watchMarks(() => this.changed());
    this.arrived();
  }

  all(): readonly Mark[] {
    return [...this.drawn(), ...this.waiting];
  }

  /** The words of a figure, as last read while its picture was decoded. */
  lines(mark: Mark): readonly string[] {
    const { marks } = this.stage.tools ?? {};
    if (marks === undefined || !marks.isKnown(mark.imageId)) return this.words.get(mark.id) ?? [];
    const before = this.words.get(mark.id);
    if (marks.pictureOf(mark.imageId) === null && before !== undefined) return before;
    const reading = marks.readingOf(mark);
    this.words.set(mark.id, reading.lines);
    this.numbers.set(mark.id, valuesOf(mark.figure, reading));
    return reading.lines;
  }

  remove(mark: Mark): void {
    this.waiting = this.waiting.filter(({ id }) => id !== mark.id);
    this.stage.tools?.marks.remove(mark.id);
    this.redraw();
    this.history.settle();
    this.changed();
  }

  removeHighlighted(): void {
    const found = this.stage.tools?.marks.highlighted() ?? null;
    if (found !== null) this.remove(found);
  }

  /**
   * Saved figures come in. Drafts that go on from this very report win: what is missing among them
   * was deleted. Beside drafts of another one, everything is kept.
   */
  join({ made, marks }: Archived): void {
    const isSame = made !== null && made === this.drafts.base;
    const known = new Map(this.all().map((mark) => [mark.id, mark]));
    const wanted = marks
      .filter(({ id }) => !isSame || this.drafts.ids.includes(id))
      .map((mark) => markOf(mark));
    for (const { id, label, values } of marks) {
      this.numbers.set(id, values);
      this.words.set(id, [label, ...saidOf(values)].filter(Boolean));
    }
    const unlabelled = wanted.filter(
      ({ id, figure }) => figure.label !== '' && known.get(id)?.figure.label === '',
    );
    for (const { id } of unlabelled) this.stage.tools?.marks.remove(id);
    const gone = new Set(unlabelled.map(({ id }) => id));
    const here = this.waiting.filter(({ id }) => !gone.has(id));
    const fresh = wanted.filter(({ id }) => !known.has(id) || gone.has(id)).filter(isMark);
    this.waiting = [...here, ...fresh];
    this.base = made;
    this.isJoined = true;
    this.arrived();
    this.changed();
  }

  /** All figures with their numbers, as a report takes them. */
  forArchive(): ArchivedMark[] {
    return this.all().map((mark) => {
      this.lines(mark);
      const { id, imageId, figure } = mark;
      const [, instance = '', frame = '0'] = KEY.exec(imageId) ?? [];
      const { kind, label } = figure;
      const points = figure.points.map(([x, y]) => [round(x), round(y)] as const);
      const values = this.numbers.get(id) ?? [];
      return { id, instance, frame: Number(frame), kind, points, label, values };
    });
  }

  /** Equal for equal figures, whatever their numbers and order of points. */
  signature(marks: readonly ArchivedMark[]): string {
    const lines = marks.map(({ id, label, points }) => {
      const places = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).sort();
      return [id, label, ...places].join(' ');
    });
    return lines.sort().join('|');
  }

  toggleKey(imageId: string): void {
    this.keys = this.keys.includes(imageId)
      ? this.keys.filter((key) => key !== imageId)
      : [...this.keys, imageId];
    this.changed();
  }

  private drawn(): readonly Mark[] {
    return this.stage.tools?.marks.marks() ?? [];
  }

  private state(): State {
    const looks = this.stage.panes.map((pane) => [spot(pane), pane.view?.look ?? null] as const);
    return { marks: this.drawn(), looks: Object.fromEntries(looks) };
  }

  private restore({ marks, looks }: State): void {
    if (this.stage.tools === null) return;
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
    const machine = this.stage.tools?.marks;
    const wanted = new Set(marks.map(({ id }) => id));
    for (const { id } of this.drawn()) if (!wanted.has(id)) machine?.remove(id);
    const now = new Map(this.drawn().map((mark) => [mark.id, JSON.stringify(mark)]));
    for (const mark of marks) if (now.get(mark.id) !== JSON.stringify(mark)) machine?.put(mark);
  }

  /** A header was read: what waited for it can be drawn. */
  private arrived(): void {
    const { marks } = this.stage.tools ?? {};
    if (marks === undefined || this.waiting.length === 0) return;
    const ready = this.waiting.filter(({ imageId }) => marks.isKnown(imageId));
    this.waiting = this.waiting.filter(({ imageId }) => !marks.isKnown(imageId));
    for (const mark of ready) marks.put(mark);
    if (ready.length > 0) this.redraw();
    this.history.accept();
  }

  private redraw(): void {
    this.stage.tools?.marks.redraw(this.stage.panes.map(({ id }) => id));
  }

  private changed(): void {
    if (this.studyId === '') return;
    const all = this.all();
    const marks = all
      .filter(({ figure }) => figure.kind !== 'text')
      .map((mark) => ({ ...mark, figure: { ...mark.figure, label: '' } }));
    // Until the saved ones have come, nobody can have deleted them.
    const ids = new Set([...(this.isJoined ? [] : this.drafts.ids), ...all.map(({ id }) => id)]);
    const kept: Kept = { marks, keys: this.keys, ids: [...ids], base: this.base };
    this.drafts = kept;
    const isEmpty = all.length + this.keys.length === 0 && this.base === null;
    if (isEmpty) this.storage.removeItem(KEPT + this.studyId);
    else this.storage.setItem(KEPT + this.studyId, JSON.stringify(kept));
    this.tell();
  }

  private kept(studyId: string): Kept {
    try {
      const found = JSON.parse(this.storage.getItem(KEPT + studyId) ?? '{}') as Partial<Kept>;
      const { marks = [], keys = [], ids = [], base = null } = found;
      return {
        marks: marks.filter(isMark),
        keys: keys.filter((key) => typeof key === 'string'),
        ids: ids.filter((id) => typeof id === 'string'),
        base,
      };
    } catch {
      return NOTHING;
    }
  }

  private tell(): void {
    this.dispatchEvent(new Event('change'));
  }
}

const KEY = /^vdcm:([^?]+)(?:\?frame=(\d+))?$/;

function markOf({ id, instance, frame, kind, points, label }: ArchivedMark): Mark {
  const imageId = frame === 0 ? `vdcm:${instance}` : `vdcm:${instance}?frame=${frame}`;
  return { id, imageId, figure: { kind: kind as Mark['figure']['kind'], points, label } };
}
