/** The hand that draws figures on the three planes, and the numbers that stand beside them. */
import type { Point } from './figures/plane.ts';
import type { Raw } from './figures/spacing.ts';
import type { HandActions } from './mpr-hand.ts';
import { figureOf, NOT_SAVED, type PlaneMarks, readingOf } from './mpr-marks.ts';
import { coarser } from './mpr-planes.ts';
import type { MprView } from './mpr-view.ts';
import { plural } from './text.ts';

/** Screen pixels. */
const NEAR = 12;

export class Drawing {
  private counted = 0;

  constructor(
    private readonly marks: PlaneMarks,
    private readonly raw: () => Raw,
    private readonly views: () => readonly MprView[],
    private readonly say: (note: string) => void,
  ) {
    marks.addEventListener('change', this.changed);
  }

  hands(view: () => MprView): Pick<HandActions, 'press' | 'draw' | 'release'> {
    return {
      press: (kind, at) => {
        const { shown } = view();
        if (shown !== null) this.marks.press(kind, shown, view().pixelAt(at));
        this.ended();
      },
      draw: (at) => {
        const { shown } = view();
        if (shown !== null) this.marks.move(shown, view().pixelAt(at));
      },
      release: () => {
        this.marks.release(view().reach * view().view.pixel);
        this.ended();
      },
    };
  }

  close(): void {
    this.marks.removeEventListener('change', this.changed);
    this.marks.drop();
  }

  /** That there are any, for as long as there are. */
  get note(): string {
    const { count } = this.marks;
    return count === 0 ? '' : ` · ${plural(count, 'figure')}, not saved`;
  }

  undo(): void {
    this.marks.undo();
  }

  remove(view: MprView, at: Point): void {
    if (view.shown !== null) this.marks.remove(view.shown, view.pixelAt(at), NEAR * view.reach);
  }

  /** Numbers are read from the full pictures only. */
  show(): void {
    for (const view of this.views()) view.carry(this.on(view));
  }

  on({ shown, view, pixels }: MprView) {
    if (shown === null) return [];
    const { width, height } = coarser(view, shown.coarse);
    const picture = pixels === null || shown.coarse > 1 ? null : { width, height, pixels };
    return this.marks.on(shown).map((mark) => {
      const { lines, numbers, statistics, area, probed } = readingOf(
        mark,
        view,
        picture,
        this.raw(),
      );
      return { figure: figureOf(mark, view), lines, numbers, statistics, area, probed };
    });
  }

  /** Here, or in another viewport on the same volume. */
  private readonly changed = (): void => {
    this.show();
    if (this.counted !== this.marks.count) this.say('');
    this.counted = this.marks.count;
  };

  private ended(): void {
    if (this.marks.count > 0) this.say(NOT_SAVED);
  }
}
