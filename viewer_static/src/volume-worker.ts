/** The other side of `volume.ts`: holds the voxels, and cuts them. */
import { type Cut, resliced } from './volume-cut.ts';
import { type Kind, type Size, type Values, Voxels } from './volume-voxels.ts';

export type Order =
  | { readonly make: Size; readonly kind: Kind }
  | { readonly put: number; readonly values: Values }
  | { readonly cut: Cut; readonly turn: number };

export interface Sliced {
  readonly pixels: Float32Array<ArrayBuffer>;
  /** What it took. */
  readonly ms: number;
}

export type Report = ({ readonly turn: number } & Sliced) | { readonly failed: string };

let voxels: Voxels | null = null;

const say = (report: Report, transfer: Transferable[] = []) =>
  self.postMessage(report, { transfer });

function obey(order: Order): void {
  if ('make' in order) voxels = new Voxels(order.make, order.kind);
  if (voxels === null) return;
  if ('put' in order) voxels.put(order.put, order.values);
  if ('cut' in order) {
    const began = performance.now();
    const pixels = resliced(voxels, order.cut);
    say({ turn: order.turn, pixels, ms: performance.now() - began }, [pixels.buffer]);
  }
}

self.addEventListener('message', ({ data }: MessageEvent<Order>) => {
  try {
    obey(data);
  } catch (thrown) {
    say({ failed: String(thrown) });
  }
});
