/** Lines, handles and figures on a plane, as drawings. The caller says where pixels lie on the screen. */
import { set, svgLine } from './dom.ts';
import type { Figure } from './figures/figure.ts';
import type { Point } from './figures/plane.ts';
import type { Line } from './mpr-cross.ts';

const SVG = 'http://www.w3.org/2000/svg';
const GAP = 14;
const HANDLE = 6;
/** Of words beside figures, about, in heights of their letters. */
const LETTER = 0.6;
const LINE = 1.25;
/** A hand is not exact to the pixel. */
const REACH = 13;

export interface Room {
  readonly width: number;
  readonly height: number;
}

/** With the height of its letters. */
export interface Page extends Room {
  readonly letter: number;
}

/** Where words lie already. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Far enough from the middle to turn finely, and on the screen in all but the smallest views. */
const armOf = ({ width, height }: Room): number => Math.max(40, 0.3 * Math.min(width, height));

const along = ([x, y]: Point, [dx, dy]: Point, by: number): Point => [x + dx * by, y + dy * by];

/** Where the planes can be taken to turn them. */
export function gripsOf(lines: readonly Line[], middle: Point, room: Room): Point[] {
  const arm = armOf(room);
  return lines.flatMap(({ way }) => [along(middle, way, arm), along(middle, way, -arm)]);
}

export const isNear = (points: readonly Point[], [x, y]: Point): boolean =>
  points.some((point) => Math.hypot(point[0] - x, point[1] - y) <= REACH);

/** Whole lines but for a gap where they meet, so that nothing lies over what is looked at. */
export function inkOfLines(
  lines: readonly Line[],
  middle: Point,
  room: Room,
  scale: number,
): SVGElement[] {
  const end = Math.hypot(room.width, room.height) + Math.hypot(...middle);
  const arm = armOf(room);
  return lines.flatMap(({ name, way, half }) => {
    const across: Point = [-way[1], way[0]];
    const drawn = (from: number, to: number, off: number, kind: string) => {
      const start = along(middle, across, off);
      const line = svgLine(along(start, way, from), along(start, way, to));
      set(line, 'class', `${kind} ${name}`);
      return line;
    };
    const edge = half * scale;
    const slab = half > 0 ? [-edge, edge].map((off) => drawn(-end, end, off, 'slab')) : [];
    const arms = [drawn(-end, -GAP, 0, 'cross'), drawn(GAP, end, 0, 'cross')];
    const grips = [arm, -arm].map((by) => circle(along(middle, way, by), HANDLE, `grip ${name}`));
    return [...arms, ...slab, ...grips];
  });
}

export function inkOfFigure(
  { kind, points }: Figure,
  lines: readonly string[],
  at: (point: Point) => Point,
  page: Page,
  taken: Box[],
): SVGElement[] {
  const screen = points.map(at);
  return [...outline(kind, screen), ...words(lines, screen, page, taken)];
}

function outline(kind: Figure['kind'], points: readonly Point[]): SVGElement[] {
  if (kind === 'probe') return points.map((point) => circle(point, 4, 'figure'));
  if (kind === 'ellipse') return ellipse(points);
  if (kind === 'bidirectional' || kind === 'cobb')
    return [points.slice(0, 2), points.slice(2)].filter(({ length }) => length > 1).map(polyline);
  const [a, b, c, d] = points;
  const isBox = kind === 'rectangle' && a && b && c && d;
  const closed = kind === 'freehand' ? [...points, ...points.slice(0, 1)] : points;
  const corners = isBox ? [a, b, d, c, a] : closed;
  return [polyline(corners)];
}

const polyline = (points: readonly Point[]): SVGElement =>
  shape('polyline', { points: points.map(written).join(' ') });

const written = ([x, y]: Point): string => `${x.toFixed(1)},${y.toFixed(1)}`;

function ellipse([top, bottom, left, right]: readonly Point[]): SVGElement[] {
  if (!(top && bottom && left && right)) return [];
  const [cx, cy] = [(left[0] + right[0]) / 2, (top[1] + bottom[1]) / 2];
  const [rx, ry] = [Math.abs(right[0] - left[0]) / 2, Math.abs(bottom[1] - top[1]) / 2];
  return [shape('ellipse', { cx, cy, rx, ry })];
}

function circle([cx, cy]: Point, r: number, kind: string): SVGElement {
  const node = shape('circle', { cx, cy, r });
  set(node, 'class', kind);
  return node;
}

/** Beside the rightmost point, or as near to it as the view has room. */
function words(
  lines: readonly string[],
  points: readonly Point[],
  page: Page,
  taken: Box[],
): SVGElement[] {
  const { letter } = page;
  const box = wordBox(lines, points, page, taken);
  taken.push(box);
  return lines.map((line, number) => {
    const node = shape('text', { x: box.left, y: box.top + LINE * letter * number + letter });
    node.textContent = line;
    return node;
  });
}

/** Not over the words of another figure, while there is room below them. Pure. */
export function wordBox(
  lines: readonly string[],
  points: readonly Point[],
  { width, height, letter }: Page,
  taken: readonly Box[],
): Box {
  const [x, y] = points.reduce(
    (far, point) => (point[0] > far[0] ? point : far),
    points[0] ?? [0, 0],
  );
  const wide = LETTER * letter * Math.max(0, ...lines.map(({ length }) => length));
  const high = LINE * letter * lines.length;
  const left = Math.max(4, Math.min(x + 10, width - wide));
  const lowest = Math.max(0, height - high);
  let top = Math.min(Math.max(0, y - letter / 2), lowest);
  for (const box of [...taken].sort((one, other) => one.top - other.top)) {
    const isBeside = box.right < left || box.left > left + wide;
    if (!isBeside && box.top < top + high && box.bottom > top) top = Math.min(box.bottom, lowest);
  }
  return { left, right: left + wide, top, bottom: top + high };
}

function shape(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const all: Readonly<Record<string, string | number>> = { class: 'figure', ...attributes };
  const node = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(all))
    set(node, name, typeof value === 'number' ? value.toFixed(1) : value);
  return node;
}

/** Over a picture, and never in the way of the hand. */
export function sheet(): SVGSVGElement {
  const node = document.createElementNS(SVG, 'svg');
  node.setAttribute('class', 'mpr-figures');
  return node;
}
