/** Leaves out of the page what only the decoding worker runs: all decoders, 170 kB of script. */
import { fileURLToPath } from 'node:url';
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

const STUB = fileURLToPath(new URL('./src/stubs/css-pixels.ts', import.meta.url));

/** See the stub; tests/e2e/test_cpu.py would miss it. */
export function keepPagePixels(): Plugin {
  return {
    name: 'keep-page-pixels',
    apply: 'build',
    enforce: 'pre',
    resolveId: (source) => (source.endsWith('/cssPixelConversion.js') ? STUB : null),
  };
}
