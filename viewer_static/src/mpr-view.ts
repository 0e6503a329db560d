/** One reconstructed plane on screen: its picture, words, crosshair, figures, and how it is looked at. */
import type { SeriesDetail } from './api.ts';
import { el, say, set } from './dom.ts';
import type { Figure } from './figures/figure.ts';
import type { Point } from './figures/plane.ts';
import type { Measure } from './figures/values.ts';
import type { Vector } from './geometry.ts';
import type { Line } from './mpr-cross.ts';
import type { Asked } from './mpr-cuts.ts';
import { type HandActions, MprHand } from './mpr-hand.ts';
import { type Box, gripsOf, inkOfFigure, inkOfLines, isNear, type Room, sheet } from './mpr-ink.ts';
import type { Veil } from './mpr-layers.ts';
import { type Grey, painted } from './mpr-paint.ts';
import { coarser, pixelAt as pixelOfPlace, type View } from './mpr-planes.ts';
import { factsOf, marked, planeLines, title } from './mpr-words.ts';
import { Overlay } from './overlay.ts';

/** Screen pixels of one pixel, and the edge coordinates in the middle of the view. */
interface Look {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** The lines of the other planes, and the pixel where they meet. */
export interface Cross {
  readonly lines: readonly Line[];
  readonly at: Point;
}

/** A figure in pixels of the plane, and the words beside it. */
export interface Written {
  readonly figure: Figure;
  readonly lines: readonly string[];
}

export class MprView {
  readonly node: HTMLElement;
  readonly canvas = el('canvas');
  readonly figures = sheet();
  shown: Asked | null = null;
  pixels: Float32Array | null = null;
  private veil: Veil = () => undefined;
  private readonly overlay = new Overlay();
  private readonly mark = el('div', { class: 'mpr-mark' });
  private readonly picture = document.createElement('canvas');
  private readonly resized = new ResizeObserver(() => this.fitted());
  private look: Look | null = null;
  private grey: Grey = { width: 1, centre: 0, inverted: false };
  private crossed: Cross = { lines: [], at: [0, 0] };
  private marks: readonly Written[] = [];
  private lacking = '';
  private probe = '';

  constructor(
    /** What is drawn. */
    public view: View,
    private readonly detail: SeriesDetail,
    private readonly measure: Measure,
    actions: HandActions,
  ) {
    const { name } = view;
    this.node = el(
      'section',
      { class: 'mpr-view', 'data-plane': name, 'aria-label': `${title(name)} plane` },
      this.canvas,
      this.overlay.node,
      this.figures,
      this.mark,
    );
    new MprHand(this.node, actions);
    this.resized.observe(this.node);
  }

  close(): void {
    this.resized.disconnect();
  }

  /** A turned plane is drawn so that the place where all meet stays where it was, as large as it was. */
  show(pixels: Float32Array, asked: Asked, veil: Veil, meeting: Vector, grey: Grey): void {
    if (asked.view !== this.view && this.shown !== null) this.turned(asked.view, meeting);
    this.view = asked.view;
    this.pixels = pixels;
    this.shown = asked;
    this.veil = veil;
    this.colour(grey);
    this.told();
  }

  private turned(view: View, meeting: Vector): void {
    const [right, down] = this.screenAt(pixelOfPlace(this.view, meeting));
    const scale = (this.looked().scale * view.pixel) / this.view.pixel;
    const [x, y] = pixelOfPlace(view, meeting);
    const { width, height } = this.room;
    this.look = {
      scale,
      x: x + 0.5 - (right - width / 2) / scale,
      y: y + 0.5 - (down - height / 2) / scale,
    };
  }

  colour(grey: Grey): void {
    this.grey = grey;
    const context = this.picture.getContext('2d');
    if (this.pixels === null || this.shown === null || context === null) return;
    const { width, height } = coarser(this.view, this.shown.coarse);
    if (this.picture.width !== width) this.picture.width = width;
    if (this.picture.height !== height) this.picture.height = height;
    const image = context.createImageData(width, height);
    painted(this.pixels, width, grey, new Uint32Array(image.data.buffer));
    context.putImageData(image, 0, 0);
    this.draw();
  }

  cross(crossed: Cross): void {
    this.crossed = crossed;
    this.placeLines();
  }

  carry(marks: readonly Written[]): void {
    this.marks = marks;
    this.placeMarks();
  }

  /** What is still missing; empty when nothing is. */
  lacks(words: string): void {
    this.lacking = words;
    this.told();
  }

  /** The value under the pointer; null when it left. */
  hover(at: Point | null): void {
    this.probe = at === null ? '' : this.probed(at);
    this.words();
  }

  pan(right: number, down: number): void {
    const { scale, x, y } = this.looked();
    this.look = { scale, x: x - right / scale, y: y - down / scale };
    this.draw();
  }

  zoom(factor: number): void {
    const { scale, x, y } = this.looked();
    this.look = { scale: Math.min(64, Math.max(0.05, scale * factor)), x, y };
    this.draw();
  }

  fit(): void {
    this.look = null;
    this.fitted();
  }

  get grips(): Point[] {
    const { lines, at: middle } = this.crossed;
    return gripsOf(lines, this.screenAt(middle), this.room);
  }

  isGrip(at: Point): boolean {
    return isNear(this.grips, at);
  }

  /** Radians by which a hand went round the place where the planes meet. */
  angle(from: Point, to: Point): number {
    const [x, y] = this.screenAt(this.crossed.at);
    const turn = Math.atan2(to[1] - y, to[0] - x) - Math.atan2(from[1] - y, from[0] - x);
    return Math.atan2(Math.sin(turn), Math.cos(turn));
  }

  /** A place of the element in pixels of the plane; whole numbers are centres. */
  pixelAt([x, y]: Point): Point {
    const { scale, x: left, y: top } = this.looked();
    const { width, height } = this.room;
    return [(x - width / 2) / scale + left - 0.5, (y - height / 2) / scale + top - 0.5];
  }

  screenAt([x, y]: Point): Point {
    const { scale, x: left, y: top } = this.looked();
    const { width, height } = this.room;
    return [(x + 0.5 - left) * scale + width / 2, (y + 0.5 - top) * scale + height / 2];
  }

  /** Pixels of the plane that a screen pixel is. */
  get reach(): number {
    return 1 / this.looked().scale;
  }

  private get room(): Room {
    return { width: this.node.clientWidth, height: this.node.clientHeight };
  }

  private looked(): Look {
    const { width, height } = this.view;
    const { clientWidth, clientHeight } = this.node;
    const fit = 0.94 * Math.min(clientWidth / width, clientHeight / height);
    return this.look ?? { scale: Math.max(fit, 0.01), x: width / 2, y: height / 2 };
  }

  private fitted(): void {
    const ratio = devicePixelRatio;
    this.canvas.width = Math.max(1, Math.round(this.node.clientWidth * ratio));
    this.canvas.height = Math.max(1, Math.round(this.node.clientHeight * ratio));
    this.draw();
  }

  draw(): void {
    const context = this.canvas.getContext('2d');
    const { width, height } = this.room;
    if (context === null || width === 0) return;
    const { scale, x, y } = this.looked();
    const ratio = this.canvas.width / width;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.translate(width / 2, height / 2);
    context.scale(scale, scale);
    context.imageSmoothingQuality = 'high';
    context.translate(-x, -y);
    this.stamp(context);
    this.veil(context, scale);
    this.words();
    this.placeLines();
    this.placeMarks();
  }

  /** The centre of the first pixel lies where it lies, however large the pixels are. */
  private stamp(context: CanvasRenderingContext2D): void {
    if (this.shown === null) return;
    const { coarse } = this.shown;
    const edge = (1 - coarse) / 2;
    const { width, height } = this.picture;
    context.drawImage(this.picture, edge, edge, width * coarse, height * coarse);
  }

  private told(): void {
    say(this.mark, marked(this.lacking, this.shown));
    set(this.mark, 'data-incomplete', this.lacking !== '');
  }

  private words(): void {
    const { shown, view, grey, measure } = this;
    if (shown === null) return;
    this.overlay.words(this.detail, planeLines(shown, this.probe), '');
    const per = this.reach;
    const { width, centre, inverted } = grey;
    this.overlay.view(
      { width, centre, inverted, right: [per, 0], down: [0, per] },
      factsOf(view, measure.unit),
    );
  }

  private placeLines(): void {
    const { lines, at } = this.crossed;
    const scale = this.looked().scale;
    this.overlay.lines.replaceChildren(...inkOfLines(lines, this.screenAt(at), this.room, scale));
  }

  private placeMarks(): void {
    const letter = Number.parseFloat(getComputedStyle(this.figures).fontSize);
    const page = { ...this.room, letter };
    const taken: Box[] = [];
    const drawn = this.marks.flatMap(({ figure, lines }) =>
      inkOfFigure(figure, lines, (point) => this.screenAt(point), page, taken),
    );
    this.figures.replaceChildren(...drawn);
  }

  private probed(at: Point): string {
    if (this.shown === null) return '';
    const { coarse } = this.shown;
    const { width, height } = coarser(this.view, coarse);
    const [x, y] = this.pixelAt(at).map((part) => Math.round(part / coarse)) as [number, number];
    if (x < 0 || y < 0 || x >= width || y >= height) return '';
    const value = (this.pixels?.[y * width + x] ?? Number.NaN) * this.measure.factor;
    return Number.isFinite(value) ? `${Number(value.toFixed(1))} ${this.measure.unit}`.trim() : '';
  }
}
