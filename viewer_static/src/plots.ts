/** Two small plots over hours, as SVG; every value can be pointed at. */

/** hour since 1970, value */
export type Point = readonly [number, number];

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [960, 150, 56, 22];
const NAMESPACE = 'http://www.w3.org/2000/svg';

type Attributes = Readonly<Record<string, string | number>>;

function shape(tag: string, attributes: Attributes, words = ''): SVGElement {
  const node = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (words === '') return node;
  if (tag === 'text') node.textContent = words;
  else {
    const title = document.createElementNS(NAMESPACE, 'title');
    title.textContent = words;
    node.append(title);
  }
  return node;
}

/** 1, 2 or 5 times a power of ten, at least the value. */
export function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map((step) => step * power).find((end) => end >= value) ?? value;
}

const when = (hour: number): string =>
  new Date(hour * 3_600_000).toLocaleString('en-GB', { dateStyle: 'short', timeStyle: 'short' });

function frame(hours: readonly number[], most: number, words: string): SVGElement {
  const root = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'plot', role: 'img' });
  root.setAttribute('aria-label', words);
  for (const share of [0, 0.5, 1]) {
    const y = (HEIGHT - BOTTOM) * (1 - share) + 6 * share;
    root.append(shape('line', { x1: LEFT, x2: WIDTH, y1: y, y2: y, class: 'plot-grid' }));
    const label = String(Math.round(most * share * 10) / 10);
    root.append(shape('text', { x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }, label));
  }
  const marks = [hours[0] ?? 0, hours[Math.floor(hours.length / 2)] ?? 0, hours.at(-1) ?? 0];
  for (const [index, hour] of marks.entries()) {
    const anchor = (['start', 'middle', 'end'] as const)[index] ?? 'start';
    const x = LEFT + ((WIDTH - LEFT) * index) / 2;
    root.append(shape('text', { x, y: HEIGHT - 4, 'text-anchor': anchor }, when(hour)));
  }
  return root;
}

function scales(hours: readonly number[], most: number) {
  const first = hours[0] ?? 0;
  const step = (WIDTH - LEFT) / Math.max(1, hours.length);
  const x = (hour: number) => LEFT + (hour - first) * step;
  const y = (value: number) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - BOTTOM - 6);
  return { x, y, step };
}

export function bars(hours: readonly number[], values: ReadonlyMap<number, number>): SVGElement {
  const most = roundedUp(Math.max(1, ...values.values()));
  const root = frame(hours, most, 'Failures by hour');
  const { x, y, step } = scales(hours, most);
  for (const [hour, value] of values) {
    const at = { x: x(hour), y: y(value), width: Math.max(1, step - 1) };
    const height = HEIGHT - BOTTOM - y(value);
    root.append(shape('rect', { ...at, height, class: 'plot-bar' }, `${when(hour)}: ${value}`));
  }
  return root;
}

/** The lower and the upper of two values for each hour that has them. */
export function curve(
  hours: readonly number[],
  lower: readonly Point[],
  upper: readonly Point[],
  unit = 'ms',
): SVGElement {
  const most = roundedUp(Math.max(1, ...upper.map(([, value]) => value)));
  const root = frame(hours, most, 'Times by hour');
  const { x, y, step } = scales(hours, most);
  for (const [points, name] of [
    [upper, 'plot-upper'],
    [lower, 'plot-lower'],
  ] as const) {
    const middle = points.map(([hour, value]) => [x(hour) + step / 2, y(value)] as const);
    const path = middle.map(([left, top]) => `${left.toFixed(1)},${top.toFixed(1)}`).join(' ');
    root.append(shape('polyline', { points: path, class: name }));
    for (const [index, [hour, value]] of points.entries()) {
      const [cx = 0, cy = 0] = middle[index] ?? [];
      root.append(
        shape('circle', { cx, cy, r: 3, class: name }, `${when(hour)}: ≤ ${value} ${unit}`),
      );
    }
  }
  return root;
}
