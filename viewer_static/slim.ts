/** Leaves out of the page what only the decoding worker runs: all decoders, 170 kB of script. */
import type { Plugin } from 'vite';

/** The library's front door names them too; nothing on the page uses them. */
const BESIDE =
  /\/dicom-image-loader\/dist\/esm\/(index|decodeImageFrameWorker|shared\/decoders\/.*)\.js$/;

export function leaveDecodersToWorker(): Plugin {
  return {
    name: 'leave-decoders-to-worker',
    apply: 'build',
    transform: (code, id) =>
      BESIDE.test(id) ? { code, map: null, moduleSideEffects: false } : null,
  };
}
