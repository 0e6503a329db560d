/** Viewports that know of each other: scrolling together by position, and where the others' slices lie. */
import { svgLine } from './dom.ts';
import { cosines, depth, dot, normal } from './geometry.ts';
import { crossing } from './lines.ts';
import type { Pane } from './pane.ts';
import type { SeriesModel, Slice } from './series.ts';
import type { Stage } from './stage.ts';

/** Slices within this angle are parallel enough to be scrolled by their position: cosine of 15 degrees. */
const PARALLEL = 0.966;

export class Together {
  isLinked = false;
  hasLines = true;
  private following = false;
  /** Millimetres to add, per pane: of series in other coordinates, such as a prior's. */
  private readonly offsets = new Map<Pane, number>();
  private readonly heard = new WeakSet<Pane>();

  constructor(private readonly stage: Stage) {
    stage.addEventListener('wanted', () => this.follow());
    stage.addEventListener('laid', () => this.listen());
    stage.addEventListener('active', () => this.changed());
    this.listen();
  }

  /** What lies side by side now goes on side by side. */
  link(): void {
    this.isLinked = !this.isLinked;
    this.measure();
    this.follow();
  }

  lines(): void {
    this.hasLines = !this.hasLines;
    this.draw();
  }

  private listen(): void {
    for (const pane of this.stage.panes) {
      if (this.heard.has(pane)) continue;
      this.heard.add(pane);
      for (const what of ['shown', 'view']) pane.addEventListener(what, this.draw);
    }
    this.changed();
  }

  private changed(): void {
    this.measure();
    this.draw();
  }

  private measure(): void {
    const mine = this.stage.active.shown;
    this.offsets.clear();
    if (mine === null) return;
    for (const pane of this.stage.panes) {
      const theirs = pane.shown;
      if (theirs === null || theirs.facts.frame === mine.facts.frame) continue;
      const place = placeOf(theirs.slice, mine.slice);
      const here = placeOf(mine.slice, mine.slice);
      if (place !== null && here !== null) this.offsets.set(pane, place - here);
    }
  }

  /** The others go to the slice nearest to the active one's. */
  private follow(): void {
    const { active, panes } = this.stage;
    const slice = active.wanted;
    if (!this.isLinked || this.following || slice === null) return;
    this.following = true;
    for (const pane of panes) if (pane !== active) this.lead(pane, slice);
    this.following = false;
  }

  private lead(pane: Pane, slice: Slice): void {
    const { session } = pane;
    if (session === null) return;
    const index = nearest(session.model, slice, this.offsets.get(pane) ?? 0);
    if (index !== null && index !== session.navigation.wanted) void session.navigation.show(index);
  }

  /** Where the active viewport's slice cuts the pictures of the others. */
  private readonly draw = (): void => {
    for (const pane of this.stage.panes) pane.overlay.lines.replaceChildren(...this.cut(pane));
  };

  private cut(pane: Pane): SVGElement[] {
    const { active, machine } = this.stage;
    const [source, target] = [active.shown, pane.shown];
    if (!this.hasLines || pane === active || source === null || target === null) return [];
    const isSame = source.facts.frame !== '' && source.facts.frame === target.facts.frame;
    if (!isSame || machine === null || source.facts.axes === null) return [];
    const { planeAt } = machine.marks;
    const ends = crossing(
      planeAt(source.slice.imageId),
      source.facts,
      planeAt(target.slice.imageId),
    );
    const [from, to] = (ends ?? []).map((end) => pane.view?.placed(target.slice.imageId, end));
    return from === undefined || to === undefined ? [] : [svgLine(from, to)];
  }
}

/** Along the normal of the other slice; null when either does not say where it lies. */
function placeOf(slice: Slice, along: Slice): number | null {
  return depth(slice.instance.position, along.instance.orientation);
}

/** The slice next to that place; null when none is parallel, or they do not say where they lie. */
export function nearest(model: SeriesModel, slice: Slice, offset: number): number | null {
  const mine = placeOf(slice, slice);
  if (mine === null) return null;
  const away = (other: Slice) => Math.abs((placeOf(other, slice) ?? Number.NaN) - mine - offset);
  const found = model.slices
    .filter((other) => isParallel(other, slice))
    .reduce<Slice | null>(
      (best, other) => (best !== null && away(best) <= away(other) ? best : other),
      null,
    );
  return found?.index ?? null;
}

function isParallel({ instance }: Slice, { instance: other }: Slice): boolean {
  const [one, two] = [cosines(instance.orientation), cosines(other.orientation)];
  if (one === null || two === null || instance.position === null) return false;
  return Math.abs(dot(normal(one), normal(two))) >= PARALLEL;
}
