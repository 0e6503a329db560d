/** Viewports that know of each other: scrolling together by position, and where the others' slices lie. */
import { svgLine } from './dom.ts';
import { type Point, pixelOf } from './figures/plane.ts';
import { cosines, depth, dot, normal, type Vector } from './geometry.ts';
import { crossing } from './lines.ts';
import type { Pane } from './pane.ts';
import type { SeriesModel, Slice } from './series.ts';
import type { Stage } from './stage.ts';

/** Slices within this angle are parallel enough to be scrolled by their position: cosine of 15 degrees. */
const PARALLEL = 0.966;

export class Together {
  isLinked = false;
  hasLines = true;
  /** One window for all viewports of a modality. */
  isWindowed = false;
  /** A place in the patient, of the coordinates `frame`. */
  private cross: { readonly at: Vector; readonly frame: string } | null = null;
  private following = false;
  /** Millimetres to add, per pane: of series in other coordinates, such as a prior's. */
  private readonly offsets = new Map<Pane, number>();
  private readonly heard = new WeakSet<Pane>();

  constructor(private readonly stage: Stage) {
    stage.addEventListener('wanted', () => this.follow());
    stage.addEventListener('laid', () => this.listen());
    stage.addEventListener('active', () => this.changed());
    stage.addEventListener('pointed', (event) => {
      const { pane, at } = (event as CustomEvent<{ pane: Pane; at: Point }>).detail;
      this.point(pane, at);
    });
    stage.addEventListener('tool', () => {
      if (stage.tool !== 'cross') this.cross = null;
      this.draw();
    });
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

  windows(): void {
    this.isWindowed = !this.isWindowed;
    this.window();
  }

  /** A place was pointed at: the others go to the slice that holds it. */
  point(pane: Pane, at: Point): void {
    const { shown, view } = pane;
    if (shown === null || view === null || shown.facts.frame === '') return;
    this.cross = { at: view.under(at), frame: shown.facts.frame };
    for (const other of this.stage.panes) if (other !== pane) this.meet(other);
    this.draw();
  }

  private meet(pane: Pane): void {
    const { session, shown } = pane;
    if (session === null || shown?.facts.frame !== this.cross?.frame) return;
    const index = holding(session.model, this.cross?.at ?? [0, 0, 0]);
    if (index !== null && index !== session.navigation.wanted) void session.navigation.show(index);
  }

  /** Grey means the same in one modality only. */
  private window(): void {
    if (!this.isWindowed) return;
    const { active, panes } = this.stage;
    const mine = active.window;
    if (mine === null) return;
    const { width, centre } = mine;
    for (const pane of panes) {
      const theirs = pane.window;
      const isSame = pane.session?.model.detail.modality === active.session?.model.detail.modality;
      if (pane === active || theirs === null || !isSame) continue;
      if (theirs.width !== width || theirs.centre !== centre) pane.setWindow(width, centre);
    }
  }

  private listen(): void {
    for (const pane of this.stage.panes) {
      if (this.heard.has(pane)) continue;
      this.heard.add(pane);
      for (const what of ['shown', 'view']) pane.addEventListener(what, this.draw);
      for (const what of ['shown', 'view'])
        pane.addEventListener(what, () => {
          if (what === 'shown' || pane === this.stage.active) this.window();
        });
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
    for (const pane of this.stage.panes) {
      const { lines } = pane.overlay;
      const drawn = [...this.cut(pane), ...this.crossed(pane)];
      if (drawn.length > 0 || lines.hasChildNodes()) lines.replaceChildren(...drawn);
    }
  };

  private crossed(pane: Pane): SVGElement[] {
    const { shown, view } = pane;
    const { machine } = this.stage;
    if (this.cross === null || shown === null || machine === null || view === null) return [];
    if (shown.facts.frame !== this.cross.frame) return [];
    const { imageId } = shown.slice;
    const [x, y] = view.placed(imageId, pixelOf(machine.planes.planeAt(imageId), this.cross.at));
    const gap = 6;
    const arm = 30;
    return [
      svgLine([x - arm, y], [x - gap, y]),
      svgLine([x + gap, y], [x + arm, y]),
      svgLine([x, y - arm], [x, y - gap]),
      svgLine([x, y + gap], [x, y + arm]),
    ];
  }

  private cut(pane: Pane): SVGElement[] {
    const { active, machine } = this.stage;
    const [source, target] = [active.shown, pane.shown];
    if (!this.hasLines || pane === active || source === null || target === null) return [];
    const isSame = source.facts.frame !== '' && source.facts.frame === target.facts.frame;
    if (!isSame || machine === null || source.facts.axes === null) return [];
    const { planeAt } = machine.planes;
    const ends = crossing(
      planeAt(source.slice.imageId),
      source.facts,
      planeAt(target.slice.imageId),
    );
    const [from, to] = (ends ?? []).map((end) => pane.view?.placed(target.slice.imageId, end));
    return from === undefined || to === undefined ? [] : [svgLine(from, to)];
  }
}

/** The slice whose plane lies next to the place; null when they do not say where they lie. */
export function holding(model: SeriesModel, at: Vector): number | null {
  const away = ({ instance }: Slice): number => {
    const axes = cosines(instance.orientation);
    const place = depth(instance.position, instance.orientation);
    return axes === null || place === null ? Number.NaN : Math.abs(dot(normal(axes), at) - place);
  };
  const known = model.slices.filter((slice) => !Number.isNaN(away(slice)));
  const found = known.reduce<Slice | null>(
    (best, slice) => (best !== null && away(best) <= away(slice) ? best : slice),
    null,
  );
  return found?.index ?? null;
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
