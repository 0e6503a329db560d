/** Masks and contours on the planes of a volume: which are to be cut, and how they are painted. */
import type { Point } from './figures/plane.ts';
import type { Contour } from './formats/contents.ts';
import { levelAt, placesOf } from './formats/contour-piles.ts';
import { painted, stroked } from './formats/ink.ts';
import type { Inked, Layers } from './formats/layers.ts';
import { groundOf, normalOf } from './formats/pile-model.ts';
import { dot, type Vector } from './geometry.ts';
import type { Asked, Wish } from './mpr-cuts.ts';
import { pixelAt, placeAt, type View } from './mpr-planes.ts';
import type { Made, Volume } from './volume.ts';
import type { Pile, Stencil, Through } from './volume-sheets.ts';

type Ink = CanvasRenderingContext2D;
/** Draws over a plane; the unit is its pixel, the first of which begins at 0, 0. `scale`: screen pixels of one. */
export type Veil = (ink: Ink, scale: number) => void;

/** A tenth of a millimetre at the far end of a large contour. */
const PARALLEL = 0.999_999_9;
/** Screen pixels: of a line, and of each arm of a point. */
const WIDE = 2;
const ARM = 4;

export class MprLayers {
  /** Counts how often something else was wanted. */
  turn = 0;
  private stocks: readonly Inked[] = [];
  private seen = '';
  private volume: Volume | null = null;
  private layers: Layers | null = null;

  constructor(private readonly changed: () => void) {}

  begin(layers: Layers, volume: Volume, { grid, frame }: Made): void {
    this.layers = layers;
    this.volume = volume;
    layers.addEventListener('change', this.look);
    layers.over(groundOf(grid, frame));
  }

  close(): void {
    const { layers } = this;
    this.layers = null;
    this.volume = null;
    layers?.removeEventListener('change', this.look);
    layers?.over(null);
  }

  get note(): string {
    const isLacking = this.layers?.isLacking ?? false;
    return isLacking ? ' · not all overlays are drawn on planes, their list says why' : '';
  }

  private readonly look = (): void => {
    const { layers, volume } = this;
    if (layers === null || volume === null) return;
    const { stocks } = layers;
    if (stocks !== this.stocks) volume.lay(stocks.map(({ pile }) => pile));
    const seen = stocks.map(({ part }) => Number(part.isShown)).join('');
    if (stocks !== this.stocks || seen !== this.seen) this.turn += 1;
    this.stocks = stocks;
    this.seen = seen;
    this.changed();
  };

  /** Contours are drawn by themselves where a plane is parallel to them. */
  through(view: View, index: number): Through | null {
    const { axes, pixel, width, height } = view;
    const piles = this.stocks.flatMap(({ part, pile }, number) =>
      part.isShown && !(pile.isEdge && isParallel(pile, view)) ? [number] : [],
    );
    if (piles.length === 0) return null;
    const by = (way: Vector): Vector => [way[0] * pixel, way[1] * pixel, way[2] * pixel];
    const start = placeAt(view, index, [0, 0]);
    return { start, right: by(axes.right), down: by(axes.down), width, height, piles };
  }

  veil(stencils: readonly Stencil[], asked: Asked): Veil {
    // Cut for other masks than those that are wanted now: their numbers mean others. It is cut again.
    const own = asked.laid === this.turn ? stencils : [];
    const stamps = own.flatMap((stencil) => this.stamp(stencil, asked.coarse) ?? []);
    const lines = this.stocks.flatMap((stock) => linesOf(stock, asked));
    return (ink, scale) => {
      ink.imageSmoothingEnabled = false;
      for (const stamp of stamps) stamp(ink);
      ink.imageSmoothingEnabled = true;
      for (const line of lines) line(ink, scale);
    };
  }

  private stamp(stencil: Stencil, coarse: number): ((ink: Ink) => void) | null {
    const { left, top, width, height, values } = stencil;
    const stock = this.stocks[stencil.pile];
    if (stock === undefined) return null;
    const { part, pile } = stock;
    const canvas = painted(values, width, height, part.colour);
    // The centre of the first pixel lies where it lies, however large the pixels are.
    const edge = (1 - coarse) / 2;
    const [x, y] = [edge + left * coarse, edge + top * coarse];
    return (ink) => {
      ink.globalAlpha = pile.isEdge ? 1 : (this.layers?.opacity ?? 1);
      ink.drawImage(canvas, x, y, width * coarse, height * coarse);
      ink.globalAlpha = 1;
    };
  }
}

const isParallel = (pile: Pile, { axes }: View): boolean =>
  Math.abs(dot(normalOf(pile), axes.out)) > PARALLEL;

/** The contours of a part that lie in this plane. */
function linesOf({ part, pile, contours }: Inked, { view, index }: Wish): Veil[] {
  if (!part.isShown || contours.length === 0 || !isParallel(pile, view)) return [];
  const depth = dot(placeAt(view, index, [0, 0]), normalOf(pile));
  return levelAt(contours, depth, pile.reach).map(({ contour }) => {
    const points = pointsOf(contour, view);
    return (ink, scale) => {
      ink.lineWidth = WIDE / scale;
      ink.strokeStyle = `rgb(${part.colour.join(' ')})`;
      stroked(ink, contour.kind, points, ARM / scale);
    };
  });
}

const pointsOf = (contour: Contour, view: View): Point[] =>
  [...placesOf(contour)].map((place) => {
    const [x, y] = pixelAt(view, place);
    return [x + 0.5, y + 0.5];
  });
