/** The other side of `volume.ts`: holds the voxels, and cuts them. */
import { type Cut, resliced } from './volume-cut.ts';
import { type Pile, type Stencil, stencilsOf, type Through } from './volume-sheets.ts';
import { type Kind, type Size, type Values, Voxels } from './volume-voxels.ts';

export type Order =
  | { readonly make: Size; readonly kind: Kind }
  | { readonly put: number; readonly values: Values }
  | { readonly lay: readonly Pile[] }
  | { readonly cut: Cut; readonly through: Through | null; readonly turn: number };

export interface Sliced {
  readonly pixels: Float32Array<ArrayBuffer>;
  /** Of masks and contours in the same plane. */
  readonly stencils: readonly Stencil[];
  /** What it took. */
  readonly ms: number;
}

export type Report = ({ readonly turn: number } & Sliced) | { readonly failed: string };

let voxels: Voxels | null = null;
let piles: readonly Pile[] = [];

const say = (report: Report, transfer: Transferable[] = []) =>
  self.postMessage(report, { transfer });

function obey(order: Order): void {
  if ('make' in order) voxels = new Voxels(order.make, order.kind);
  if (voxels === null) return;
  if ('put' in order) voxels.put(order.put, order.values);
  if ('lay' in order) piles = order.lay;
  if ('cut' in order) {
    const began = performance.now();
    const pixels = resliced(voxels, order.cut);
    const stencils = order.through === null ? [] : stencilsOf(piles, order.through);
    const buffers = [pixels.buffer, ...stencils.map(({ values }) => values.buffer)];
    say({ turn: order.turn, pixels, stencils, ms: performance.now() - began }, buffers);
  }
}

self.addEventListener('message', ({ data }: MessageEvent<Order>) => {
  try {
    obey(data);
  } catch (thrown) {
    say({ failed: String(thrown) });
  }
});
