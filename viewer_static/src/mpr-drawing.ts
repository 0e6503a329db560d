/** The hand that draws figures on the three planes, and the numbers that stand beside them. */
import type { Point } from './figures/plane.ts';
import type { Raw } from './figures/spacing.ts';
import type { HandActions } from './mpr-hand.ts';
import { figureOf, NOT_SAVED, PlaneMarks, readingOf } from './mpr-marks.ts';
import { coarser } from './mpr-planes.ts';
import type { MprView } from './mpr-view.ts';

/** Screen pixels. */
const NEAR = 12;

export class Drawing {
  private readonly marks = new PlaneMarks();

  constructor(
    private readonly raw: () => Raw,
    private readonly views: () => readonly MprView[],
    private readonly say: (note: string) => void,
  ) {}

  hands(view: () => MprView): Pick<HandActions, 'press' | 'draw' | 'release'> {
    return {
      press: (kind, at) => {
        const { shown } = view();
        if (shown !== null) this.marks.press(kind, shown, view().pixelAt(at));
        this.ended();
      },
      draw: (at) => {
        if (this.marks.move(view().pixelAt(at))) this.show();
      },
      release: () => {
        this.marks.release(view().reach * view().view.pixel);
        this.ended();
      },
    };
  }

  undo(): void {
    this.marks.undo();
    this.show();
  }

  remove(view: MprView, at: Point): void {
    if (view.shown !== null) this.marks.remove(view.shown, view.pixelAt(at), NEAR * view.reach);
    this.show();
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

  private ended(): void {
    this.show();
    if (this.marks.count > 0) this.say(NOT_SAVED);
  }
}
