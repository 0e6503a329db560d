// Built with the viewer's own packages, in the viewer's own way: the same versions, chunks and compression.
import { fileURLToPath } from 'node:url';
import { precompress } from '../../viewer_static/precompress.ts';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

export default {
  root: at('.'),
  base: '/wadouri/',
  build: {
    outDir: at('../results/page/wadouri'),
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 4500,
  },
  worker: { format: 'es' },
  resolve: {
    // Only these by name: what they need themselves is found beside them.
    alias: [
      {
        find: /^@cornerstonejs\/(core|dicom-image-loader)$/,
        replacement: at('../../viewer_static/node_modules/@cornerstonejs/$1'),
      },
      { find: 'xmlbuilder2', replacement: at('../../viewer_static/src/stubs/xmlbuilder2.ts') },
    ],
  },
  plugins: [precompress()],
};
