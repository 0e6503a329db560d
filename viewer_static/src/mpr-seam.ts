/** `window.__pacsMpr`: the values of each reconstructed plane, for tests that compare them with the archive's. */
import type { Vector } from './geometry.ts';
import type { Mpr } from './mpr.ts';
import type { Name } from './mpr-planes.ts';

export interface PlaneState {
  readonly index: number;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly pixel: number;
  readonly step: number;
  readonly corner: Vector;
  /** Of the values: 32-bit floats, little endian, in base64; NaN beyond the volume, Infinity where a slice is missing. */
  readonly pixels: string;
}

export interface MprSeam {
  settled(): boolean;
  counts(): { readonly held: number; readonly total: number };
  meeting(): Vector;
  plane(name: Name): PlaneState | null;
  grey(): { readonly width: number; readonly centre: number; readonly inverted: boolean };
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
  window.__pacsMpr = {
    settled: () => mpr.isSettled,
    counts: () => ({ held: mpr.volume?.count ?? 0, total: mpr.volume?.total ?? 0 }),
    meeting: () => mpr.cross?.meeting ?? [0, 0, 0],
    grey: () => mpr.grey,
    plane: (name) => {
      const shown = found(name);
      if (shown?.shown == null || shown.pixels === null) return null;
      const { count, width, height, pixel, step, corner } = shown.view;
      const { index } = shown.shown;
      return { index, count, width, height, pixel, step, corner, pixels: base64(shown.pixels) };
    },
    placed: (name, x, y) => {
      const shown = found(name);
      const box = shown?.node.getBoundingClientRect();
      const [right, down] = shown?.screenAt([x, y]) ?? [0, 0];
      return [(box?.left ?? 0) + right, (box?.top ?? 0) + down];
    },
  };
}

export function remove(): void {
  delete window.__pacsMpr;
}
