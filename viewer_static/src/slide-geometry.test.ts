import { describe, expect, it } from 'vitest';
import {
  bounded,
  fitted,
  type Level,
  levelFor,
  panned,
  placed,
  rebased,
  scaleBar,
  tileAt,
  visibleTiles,
  zoomed,
} from './slide-geometry.ts';

const level = (id: string, width: number, height: number): Level => ({
  id,
  width,
  height,
  tileWidth: 512,
  tileHeight: 512,
});
const LEVELS = [level('a', 12_001, 9_000), level('b', 6_001, 4_500), level('c', 3_001, 2_250)];
const [BASE] = LEVELS as [Level, Level, Level];
const VIEW = { width: 1_000, height: 800 };

/** Where a point of the slide lies in the window. */
const shownAt = (camera: ReturnType<typeof fitted>, x: number, y: number) => [
  (x - camera.x) * camera.scale + VIEW.width / 2,
  (y - camera.y) * camera.scale + VIEW.height / 2,
];

describe('a view of a slide', () => {
  it('shows all of it at first', () => {
    const camera = fitted(BASE, VIEW);
    const [left, top] = shownAt(camera, 0, 0) as [number, number];
    const [right, bottom] = shownAt(camera, BASE.width, BASE.height) as [number, number];
    expect(Math.min(left, top)).toBeGreaterThanOrEqual(-1e-6);
    expect(right).toBeLessThanOrEqual(VIEW.width + 1e-6);
    expect(bottom).toBeLessThanOrEqual(VIEW.height + 1e-6);
  });

  it('keeps what lies under the pointer there while zooming', () => {
    let camera = fitted(BASE, VIEW);
    const at = [730, 120] as const;
    const point = (c: typeof camera) => [
      c.x + (at[0] - VIEW.width / 2) / c.scale,
      c.y + (at[1] - VIEW.height / 2) / c.scale,
    ];
    const before = point(camera);
    for (const factor of [1.25, 3, 0.4, 1.1]) camera = zoomed(camera, VIEW, factor, ...at);
    expect(point(camera)[0]).toBeCloseTo(before[0] as number, 6);
    expect(point(camera)[1]).toBeCloseTo(before[1] as number, 6);
  });

  it('never loses the slide, however far it is pushed or shrunk', () => {
    const lost = { x: -1e9, y: 1e9, scale: 1e-9 };
    const camera = bounded(panned(lost, -1e6, 1e6), BASE, VIEW);
    expect(camera.x).toBe(0);
    expect(camera.y).toBe(BASE.height);
    expect(camera.scale * BASE.width).toBeGreaterThan(100);
    expect(bounded({ ...camera, scale: 1e9 }, BASE, VIEW).scale).toBeLessThanOrEqual(16);
  });

  it('stays where it is when a larger level turns out to be the full size', () => {
    const small = LEVELS[1] as Level;
    const before = { x: 3_000, y: 1_000, scale: 0.5 };
    const after = rebased(before, small, BASE);
    expect(after.x / BASE.width).toBeCloseTo(before.x / small.width, 9);
    expect(after.scale * BASE.width).toBeCloseTo(before.scale * small.width, 9);
  });
});

describe('the tiles of a view', () => {
  it('come from the coarsest level that is sharp enough', () => {
    expect(levelFor(LEVELS, 0.1)).toBe(2);
    expect(levelFor(LEVELS, 0.25)).toBe(2);
    expect(levelFor(LEVELS, 0.4)).toBe(1);
    expect(levelFor(LEVELS, 0.9)).toBe(0);
    expect(levelFor(LEVELS, 9)).toBe(0);
    expect(levelFor([], 1)).toBe(0);
  });

  it('cover the window without a gap, the middle first', () => {
    const camera = { x: 5_000, y: 4_000, scale: 1 };
    const tiles = visibleTiles(LEVELS, 0, camera, VIEW);
    const boxes = tiles.map((tile) => placed(BASE, BASE, tile, camera, VIEW).box);
    const area = boxes.reduce((sum, { width, height }) => sum + width * height, 0);
    expect(Math.min(...boxes.map(({ left }) => left))).toBeLessThanOrEqual(0);
    expect(Math.max(...boxes.map(({ top, height }) => top + height))).toBeGreaterThanOrEqual(800);
    expect(area).toBe(tiles.length * 512 * 512);
    expect(tiles[0]).toMatchObject({ column: 9, row: 7 });
  });

  it('end at the edge of the slide, where the last ones show only their part', () => {
    const camera = { x: BASE.width, y: BASE.height, scale: 1 };
    const tiles = visibleTiles(LEVELS, 0, camera, VIEW);
    const last = tiles.find(({ column, row }) => column === 23 && row === 17);
    expect(last?.frame).toBe(24 * 18);
    const { part, box } = placed(BASE, BASE, last ?? tileAt(BASE, 0, 0), camera, VIEW);
    expect(part).toEqual({ width: 12_001 - 23 * 512, height: 9_000 - 17 * 512 });
    expect(box.left + box.width).toBeCloseTo(VIEW.width / 2, 6);
  });

  it('of a coarser level lie where those of the full size do', () => {
    const camera = fitted(BASE, VIEW);
    const coarse = LEVELS[2] as Level;
    const { box } = placed(BASE, coarse, tileAt(coarse, 1, 1), camera, VIEW);
    const [left] = shownAt(camera, (512 * BASE.width) / coarse.width, 0) as [number];
    expect(box.left).toBeCloseTo(left, 6);
  });
});

describe('the scale bar', () => {
  it('has a round length that fits', () => {
    for (const [each, label] of [
      [0.00025, '20 µm'],
      [0.001, '100 µm'],
      [0.02, '2 mm'],
    ] as const) {
      const bar = scaleBar(each, 160);
      expect(bar.label).toBe(label);
      expect(bar.pixels).toBeLessThanOrEqual(160);
      expect(bar.pixels).toBeGreaterThan(160 / 2.6);
    }
  });
});
