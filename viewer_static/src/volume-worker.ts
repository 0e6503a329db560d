/** The other side of `volume.ts`: holds the voxels, and cuts them. */
import { type Cut, type Kind, resliced, type Size, type Values, Voxels } from './volume-voxels.ts';

export type Order =
  | { readonly make: Size; readonly kind: Kind }
  | { readonly put: number; readonly values: Values }
  | { readonly cut: Cut; readonly turn: number };

export type Report =
  | { readonly turn: number; readonly pixels: Float32Array<ArrayBuffer> }
  | { readonly failed: string };

let voxels: Voxels | null = null;

const say = (report: Report, transfer: Transferable[] = []) =>
  self.postMessage(report, { transfer });

function obey(order: Order): void {
  if ('make' in order) voxels = new Voxels(order.make, order.kind);
  if (voxels === null) return;
  if ('put' in order) voxels.put(order.put, order.values);
  if ('cut' in order) {
    const pixels = resliced(voxels, order.cut);
    say({ turn: order.turn, pixels }, [pixels.buffer]);
  }
}

self.addEventListener('message', ({ data }: MessageEvent<Order>) => {
  try {
    obey(data);
  } catch (thrown) {
    say({ failed: String(thrown) });
  }
});
