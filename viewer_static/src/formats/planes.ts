/** Overlay planes (PS3.3 C.9.2) of an image as masks on itself. Pure. */
import type { MaskFrame } from './contents.ts';

type Raw = Readonly<Record<string, unknown>>;

const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value);

function bytesOf(value: unknown): Uint8Array | null {
  const one = first(value);
  if (one instanceof ArrayBuffer) return new Uint8Array(one);
  return ArrayBuffer.isView(one)
    ? new Uint8Array(one.buffer, one.byteOffset, one.byteLength)
    : null;
}

export const hasPlane = (raw: Raw): boolean => bytesOf(raw.OverlayData) !== null;

/** None where the plane does not say how it lies, or is shorter than it says. */
export function planesOf(raw: Raw, sopUid: string): MaskFrame[] {
  const bytes = bytesOf(raw.OverlayData);
  const [rows, columns] = [Number(first(raw.OverlayRows)), Number(first(raw.OverlayColumns))];
  if (bytes === null || !(rows > 0 && columns > 0) || bytes.length * 8 < rows * columns) return [];
  const [top = 1, left = 1] = [raw.OverlayOrigin ?? []].flat().map(Number);
  const turned = new Uint8Array(Math.ceil((rows * columns) / 8));
  for (let at = 0; at < rows * columns; at++)
    if (((bytes[at >> 3] as number) >> (at & 7)) & 1)
      turned[at >> 3] = (turned[at >> 3] as number) | (128 >> (at & 7));
  const text = Array.from(turned, (byte) => String.fromCharCode(byte)).join('');
  return [
    {
      segment: 1,
      box: [left - 1, top - 1, columns, rows],
      bits: 1,
      mask: btoa(text),
      position: null,
      orientation: null,
      spacing: null,
      images: [[sopUid, 0]],
    },
  ];
}
