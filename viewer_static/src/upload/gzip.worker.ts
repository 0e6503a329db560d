/** Compresses in a thread of its own: the browser's CompressionStream works on the page's. */
import { gzipped, type Packed, type ToPack } from './gzip.ts';

self.onmessage = async ({ data }: MessageEvent<ToPack>) => {
  const body = await gzipped(data.bytes);
  const packed: Packed = { id: data.id, body };
  self.postMessage(packed, { transfer: [body.buffer] });
};
