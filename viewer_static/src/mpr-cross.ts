/** How the three planes of a volume stand, and so where they meet. Pure. */
import type { Point } from './figures/plane.ts';
import { dot, type Vector } from './geometry.ts';
import {
  depthOf,
  NAMES,
  type Name,
  pixelAt,
  placeAt,
  planeAt,
  turnedAxes,
  type View,
  viewOf,
} from './mpr-planes.ts';
import type { Slice } from './series.ts';
import { type Grid, placeOf } from './volume-grid.ts';
import { plus, type Stack } from './volume-stack.ts';

/** A line through the place where the planes meet: another plane, and half the thickness of its slab in pixels. */
export interface Line {
  readonly name: Name;
  /** Along the line, on the screen: a unit vector. */
  readonly way: Point;
  readonly half: number;
}

export class Crosshair {
  private views: Readonly<Record<Name, View>>;
  private readonly indexes: Map<Name, number>;

  constructor(
    private readonly grid: Grid,
    at: Vector,
  ) {
    this.views = straight(grid);
    this.indexes = new Map(NAMES.map((name) => [name, planeAt(this.view(name), at)]));
  }

  view(name: Name): View {
    return this.views[name];
  }

  index(name: Name): number {
    return this.indexes.get(name) ?? 0;
  }

  turn(name: Name, to: number): void {
    this.indexes.set(name, Math.min(this.view(name).count - 1, Math.max(0, to)));
  }

  /** The other planes go through a pixel of this one. */
  point(name: Name, pixel: Point): void {
    const place = placeAt(this.view(name), this.index(name), pixel);
    for (const other of NAMES) if (other !== name) this.place(other, place);
  }

  /** The other two turn, as seen on this one, about the place where all meet. */
  rotate(name: Name, radians: number): void {
    const { meeting } = this;
    const about = this.view(name).axes;
    const turned = (other: Name) =>
      viewOf(this.grid, other, turnedAxes(this.view(other).axes, about, radians), meeting);
    const others = NAMES.filter((other) => other !== name);
    this.views = {
      ...this.views,
      ...Object.fromEntries(others.map((other) => [other, turned(other)])),
    };
    for (const other of others) this.place(other, meeting);
  }

  /** Back to axial, coronal and sagittal through the same place. */
  straighten(): void {
    const { meeting } = this;
    this.views = straight(this.grid);
    for (const name of NAMES) this.place(name, meeting);
  }

  /** In the patient's coordinates. */
  get meeting(): Vector {
    return NAMES.reduce<Vector>(
      (at, name) => plus(at, this.view(name).axes.out, depthOf(this.view(name), this.index(name))),
      [0, 0, 0],
    );
  }

  /** Where on this plane they meet, in its pixels. */
  crossing(name: Name): Point {
    return pixelAt(this.view(name), this.meeting);
  }

  lines(name: Name, thickness: number): Line[] {
    const { axes, pixel } = this.view(name);
    const half = thickness / 2 / pixel;
    return NAMES.filter((other) => other !== name).map((other) => {
      const { out } = this.view(other).axes;
      // The planes are at right angles to each other: what goes out of one lies within the others.
      return { name: other, way: [-dot(out, axes.down), dot(out, axes.right)], half };
    });
  }

  private place(name: Name, at: Vector): void {
    this.indexes.set(name, planeAt(this.view(name), at));
  }
}

function straight(grid: Grid): Record<Name, View> {
  const [axial, coronal, sagittal] = NAMES.map((name) => viewOf(grid, name)) as [View, View, View];
  return { axial, coronal, sagittal };
}

/** In the slice that was on screen; who never scrolled is not interested in the first one. */
export function firstRank({ order }: Pick<Stack, 'order'>, slice: Slice): number {
  const { index, frame, instance } = slice;
  const isFirst = index === 0 || (frame === 1 && instance.frames > 1);
  return isFirst ? order.length >> 1 : order.indexOf(index);
}

export function beginning(grid: Grid, stack: Pick<Stack, 'order'>, slice: Slice): Vector {
  const rank = firstRank(stack, slice);
  return placeOf(grid, [(grid.columns - 1) / 2, (grid.rows - 1) / 2, rank]);
}
