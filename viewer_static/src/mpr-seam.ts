/** `window.__pacsMpr`: the values of each reconstructed plane, for tests that compare them with the archive's. */
import type { Point } from './figures/plane.ts';
import type { Vector } from './geometry.ts';
import type { Mpr } from './mpr.ts';
import type { Axes, Name } from './mpr-planes.ts';

export interface PlaneState {
  readonly index: number;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly pixel: number;
  readonly step: number;
  readonly corner: Vector;
  readonly axes: Axes;
  /** Of the values: 32-bit floats, little endian, in base64; NaN beyond the volume, Infinity where a slice is missing. */
  readonly pixels: string;
}

export interface MprSeam {
  settled(): boolean;
  counts(): { readonly held: number; readonly total: number };
  meeting(): Vector;
  plane(name: Name): PlaneState | null;
  grey(): { readonly width: number; readonly centre: number; readonly inverted: boolean };
  /** Of a plane: each with the points in its pixels, and the numbers beside it. */
  figures(name: Name): ReturnType<Mpr['drawing']['on']>;
  /** Where on a plane the others can be taken to turn them, in window coordinates. */
  grips(name: Name): [number, number][];
  /** Pictures drawn since the planes were opened, and what the last cut of each plane took (ms). */
  told(): { readonly drawn: number; readonly ms: Readonly<Record<string, number>> };
  /** Window coordinates of a pixel of a plane. */
  placed(name: Name, x: number, y: number): [number, number];
}

declare global {
  interface Window {
    __pacsMpr?: MprSeam;
  }
}

function base64(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function install(mpr: Mpr): void {
  const found = (name: Name) => mpr.views.find(({ view }) => view.name === name) ?? null;
  const inWindow = (name: Name, [right, down]: Point): [number, number] => {
    const box = found(name)?.node.getBoundingClientRect();
    return [(box?.left ?? 0) + right, (box?.top ?? 0) + down];
  };
  window.__pacsMpr = {
    settled: () => mpr.cuts?.isSettled ?? false,
    counts: () => ({ held: mpr.volume?.count ?? 0, total: mpr.volume?.total ?? 0 }),
    meeting: () => mpr.cross?.meeting ?? [0, 0, 0],
    grey: () => mpr.grey,
    plane: (name) => {
      const shown = found(name);
      if (shown?.shown == null || shown.pixels === null) return null;
      const { name: _, ...view } = shown.view;
      return { ...view, index: shown.shown.index, pixels: base64(shown.pixels) };
    },
    figures: (name) => {
      const shown = found(name);
      return shown === null ? [] : mpr.drawing.on(shown);
    },
    grips: (name) => found(name)?.grips.map((grip) => inWindow(name, grip)) ?? [],
    told: () => mpr.cuts?.told ?? { drawn: 0, ms: {} },
    placed: (name, x, y) => inWindow(name, found(name)?.screenAt([x, y]) ?? [0, 0]),
  };
}

export function remove(): void {
  delete window.__pacsMpr;
}
