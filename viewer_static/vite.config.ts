import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { integrityOf } from './digest.ts';
import { precompress } from './precompress.ts';
import { preloadEngine } from './preload.ts';
import { keepPagePixels, leaveDecodersToWorker } from './slim.ts';

const server = process.env.PACS_PROXY_URL ?? 'http://127.0.0.1:8080';

// `vite dev` finds the decoders' CommonJS parts only when they are named (facts: build works without).
const COMMONJS = [
  'dicom-parser',
  'dcmjs',
  'pako',
  'comlink',
  'jpeg-lossless-decoder-js',
  '@cornerstonejs/codec-charls/decodewasmjs',
  '@cornerstonejs/codec-openjpeg/decodewasmjs',
  '@cornerstonejs/codec-openjph/wasmjs',
  '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs',
  '@cornerstonejs/codec-libjxl/decodewasmjs',
];

export default defineConfig({
  base: './',
  build: {
    outDir: 'dist',
    target: 'es2022',
    // The picture engine is one lazily loaded chunk of 3.6 MB; a warning about it says nothing new.
    chunkSizeWarningLimit: 4500,
    license: { fileName: 'THIRD-PARTY.md' },
  },
  define: {
    __DECODER_DIGESTS__: JSON.stringify({
      jpeg: integrityOf('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm'),
      jpegLs: integrityOf('@cornerstonejs/codec-charls/decodewasm'),
      jpeg2000: integrityOf('@cornerstonejs/codec-openjpeg/decodewasm'),
      highThroughput: integrityOf('@cornerstonejs/codec-openjph/wasm'),
      jpegXl: integrityOf('@cornerstonejs/codec-libjxl/decodewasm'),
    }),
  },
  // A decoder in a script of its own would be fetched by the worker, where nobody limits how long that takes.
  worker: { format: 'es', rolldownOptions: { output: { codeSplitting: false } } },
  resolve: {
    alias: {
      // Pictures are drawn by WebGL or on the CPU; the profiles would bring a WebGPU renderer too.
      '@kitware/vtk.js/Rendering/Profiles/Geometry.js':
        '@kitware/vtk.js/Rendering/OpenGL/Profiles/Geometry.js',
      '@kitware/vtk.js/Rendering/Profiles/Volume.js':
        '@kitware/vtk.js/Rendering/OpenGL/Profiles/Volume.js',
      // Nothing here is drawn in false colours: grey and rainbow instead of 200 of them.
      '@kitware/vtk.js/Rendering/Core/ColorTransferFunction/ColorMaps.js':
        '@kitware/vtk.js/Rendering/Core/ColorTransferFunction/ColorMapsLite.js',
      // vtk.js' XML reader pulls in a package that breaks in the browser (blank page); we read no XML.
      xmlbuilder2: fileURLToPath(new URL('./src/stubs/xmlbuilder2.ts', import.meta.url)),
    },
  },
  optimizeDeps: { exclude: ['@cornerstonejs/dicom-image-loader'], include: COMMONJS },
  plugins: [leaveDecodersToWorker(), keepPagePixels(), preloadEngine(), precompress()],
  server: { proxy: { '^/(api|wado)': server } },
  test: { include: ['src/**/*.test.ts'] },
});
