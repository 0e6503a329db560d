/** Where the three planes of a volume stand, and so where they meet. Pure. */
import { dot, type Vector } from './geometry.ts';
import { depthOf, type Name, pixelAt, placeAt, planeAt, type View } from './mpr-planes.ts';
import { plus } from './volume-stack.ts';

/** A line across one view where another plane lies, and half the thickness of its slab, in pixels. */
export interface Line {
  readonly name: Name;
  readonly isUpright: boolean;
  readonly at: number;
  readonly half: number;
}

export class Crosshair {
  private readonly indexes: Map<Name, number>;

  constructor(
    private readonly views: readonly View[],
    at: Vector,
  ) {
    this.indexes = new Map(views.map((view) => [view.name, planeAt(view, at)]));
  }

  index(name: Name): number {
    return this.indexes.get(name) ?? 0;
  }

  turn({ name, count }: View, to: number): void {
    this.indexes.set(name, Math.min(count - 1, Math.max(0, to)));
  }

  /** The other planes go through a pixel of this one. */
  point(view: View, pixel: readonly [number, number]): void {
    const place = placeAt(view, this.index(view.name), pixel);
    for (const other of this.views)
      if (other.name !== view.name) this.indexes.set(other.name, planeAt(other, place));
  }

  /** In the patient's coordinates. */
  get meeting(): Vector {
    return this.views.reduce<Vector>(
      (at, view) => plus(at, view.axes.out, depthOf(view, this.index(view.name))),
      [0, 0, 0],
    );
  }

  lines(view: View, thickness: number): Line[] {
    const [x, y] = pixelAt(view, this.meeting);
    const half = thickness / 2 / view.pixel;
    return this.views
      .filter((other) => other !== view)
      .map(({ name, axes }) => {
        const isUpright = dot(axes.out, view.axes.right) !== 0;
        return { name, isUpright, at: isUpright ? x : y, half };
      });
  }
}
