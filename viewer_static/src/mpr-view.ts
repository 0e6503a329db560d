/** One reconstructed plane on screen: its picture, words, crosshair, and how it is looked at. */
import type { SeriesDetail } from './api.ts';
import { el, say, set, svgLine } from './dom.ts';
import type { SliceFacts } from './facts.ts';
import type { Line } from './mpr-cross.ts';
import { type HandActions, MprHand } from './mpr-hand.ts';
import { type Grey, painted } from './mpr-paint.ts';
import { depthOf, type Name, samplesIn, type View, written } from './mpr-planes.ts';
import { Overlay } from './overlay.ts';
import type { Mode } from './volume-voxels.ts';

/** What was asked of the voxels: the words around a picture are those of its own request. */
export interface Asked {
  readonly index: number;
  readonly mode: Mode;
  readonly thickness: number;
  /** Of the volume, when it was cut. */
  readonly revision: number;
}

/** Screen pixels of one pixel, and the edge coordinates in the middle of the view. */
interface Look {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

const MODES: Readonly<Record<Mode, string>> = { thin: '', max: 'MIP', min: 'MinIP', mean: 'Mean' };
const GAP = 14;

export class MprView {
  readonly node: HTMLElement;
  readonly canvas = el('canvas');
  shown: Asked | null = null;
  pixels: Float32Array | null = null;
  private readonly overlay = new Overlay();
  private readonly mark = el('div', { class: 'mpr-mark' });
  private readonly picture = document.createElement('canvas');
  private readonly resized = new ResizeObserver(() => this.fitted());
  private look: Look | null = null;
  private grey: Grey = { width: 1, centre: 0, inverted: false };
  private lines: readonly Line[] = [];
  private probe = '';

  constructor(
    readonly view: View,
    private readonly detail: SeriesDetail,
    /** Of a value, such as HU. */
    private readonly unit: string,
    actions: HandActions,
  ) {
    this.node = el(
      'section',
      { class: 'mpr-view', 'data-plane': view.name, 'aria-label': `${title(view.name)} plane` },
      this.canvas,
      this.overlay.node,
      this.mark,
    );
    this.picture.width = view.width;
    this.picture.height = view.height;
    new MprHand(this.node, actions);
    this.resized.observe(this.node);
  }

  close(): void {
    this.resized.disconnect();
  }

  show(pixels: Float32Array, asked: Asked, grey: Grey): void {
    this.pixels = pixels;
    this.shown = asked;
    this.colour(grey);
  }

  colour(grey: Grey): void {
    this.grey = grey;
    const context = this.picture.getContext('2d');
    if (this.pixels === null || context === null) return;
    const image = context.createImageData(this.view.width, this.view.height);
    painted(this.pixels, this.view.width, grey, new Uint32Array(image.data.buffer));
    context.putImageData(image, 0, 0);
    this.draw();
  }

  cross(lines: readonly Line[]): void {
    this.lines = lines;
    this.placeLines();
  }

  /** What is still missing; empty when nothing is. */
  lacks(words: string): void {
    say(this.mark, words === '' ? 'Reconstruction' : `Reconstruction incomplete · ${words}`);
    set(this.mark, 'data-incomplete', words !== '');
  }

  /** The value under the pointer; null when it left. */
  hover(at: readonly [number, number] | null): void {
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

  /** A place of the element in pixels of the plane; whole numbers are centres. */
  pixelAt([x, y]: readonly [number, number]): [number, number] {
    const { scale, x: left, y: top } = this.looked();
    return [
      (x - this.node.clientWidth / 2) / scale + left - 0.5,
      (y - this.node.clientHeight / 2) / scale + top - 0.5,
    ];
  }

  screenAt([x, y]: readonly [number, number]): [number, number] {
    const { scale, x: left, y: top } = this.looked();
    return [
      (x + 0.5 - left) * scale + this.node.clientWidth / 2,
      (y + 0.5 - top) * scale + this.node.clientHeight / 2,
    ];
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

  private draw(): void {
    const context = this.canvas.getContext('2d');
    const { clientWidth, clientHeight } = this.node;
    if (context === null || clientWidth === 0) return;
    const { scale, x, y } = this.looked();
    const ratio = this.canvas.width / clientWidth;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.translate(clientWidth / 2, clientHeight / 2);
    context.scale(scale, scale);
    context.imageSmoothingQuality = 'high';
    if (this.pixels !== null) context.drawImage(this.picture, -x, -y);
    this.words();
    this.placeLines();
  }

  private words(): void {
    const { shown, view, grey, unit } = this;
    if (shown === null) return;
    this.overlay.words(this.detail, planeLines(view, shown, this.probe), '');
    const per = 1 / this.looked().scale;
    const { width, centre, inverted } = grey;
    this.overlay.view(
      { width, centre, inverted, right: [per, 0], down: [0, per] },
      factsOf(view, unit),
    );
  }

  private placeLines(): void {
    const drawn = this.lines.flatMap((line) => this.lineOf(line));
    this.overlay.lines.replaceChildren(...drawn);
  }

  /** Whole lines but for a gap where they meet, so that nothing lies over what is looked at. */
  private lineOf({ name, isUpright, at, half }: Line): SVGElement[] {
    const other = this.lines.find((line) => line.isUpright !== isUpright)?.at ?? 0;
    const [x, y] = this.screenAt(isUpright ? [at, other] : [other, at]);
    const end = isUpright ? this.node.clientHeight : this.node.clientWidth;
    const meet = isUpright ? y : x;
    const along = (from: number, to: number, off: number, kind: string) => {
      const line = isUpright
        ? svgLine([x + off, from], [x + off, to])
        : svgLine([from, y + off], [to, y + off]);
      line.setAttribute('class', `${kind} ${name}`);
      return line;
    };
    const edge = half * this.looked().scale;
    const slab = half > 0 ? [-edge, edge].map((off) => along(0, end, off, 'slab')) : [];
    return [along(0, meet - GAP, 0, 'cross'), along(meet + GAP, end, 0, 'cross'), ...slab];
  }

  private probed(at: readonly [number, number]): string {
    const [x, y] = this.pixelAt(at).map(Math.round) as [number, number];
    const { width, height } = this.view;
    if (x < 0 || y < 0 || x >= width || y >= height) return '';
    const value = this.pixels?.[y * width + x] ?? Number.NaN;
    return Number.isFinite(value) ? `${Number(value.toFixed(1))} ${this.unit}`.trim() : '';
  }
}

export const title = (name: Name): string => name.charAt(0).toUpperCase() + name.slice(1);

function planeLines(view: View, shown: Asked, probe: string): string {
  const { mode, index, thickness } = shown;
  const samples = samplesIn(view, thickness);
  const slab = mode === 'thin' ? '' : `${MODES[mode]} ${(samples * view.step).toFixed(1)} mm`;
  return [
    `${title(view.name)} ${index + 1}/${view.count}`,
    written(view.axes.out, depthOf(view, index)),
    slab,
    probe,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function factsOf({ axes, pixel, width, height }: View, unit: string): SliceFacts {
  return {
    axes: [axes.right, axes.down],
    letters: null,
    frame: '',
    depthMm: null,
    thicknessMm: null,
    rows: height,
    columns: width,
    isColour: false,
    unit,
    spacing: { down: pixel, across: pixel, unit: 'mm', note: '' },
    framesPerSecond: null,
    projection: '',
    notes: [],
  };
}
