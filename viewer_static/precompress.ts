/** Writes a .br and a .gz beside each text or wasm file of the build: the server only picks one. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const COMPRESSIBLE = /\.(js|css|wasm|html|svg)$/;
const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

async function compressed(path: string): Promise<void> {
  const plain = await readFile(path);
  const [br, gz] = await Promise.all([brotli(plain), deflate(plain, { level: 9 })]);
  await Promise.all([writeFile(`${path}.br`, br), writeFile(`${path}.gz`, gz)]);
}

export function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    async writeBundle(options, bundle) {
      const files = Object.keys(bundle).filter((name) => COMPRESSIBLE.test(name));
      await Promise.all(files.map((name) => compressed(join(options.dir ?? 'dist', name))));
    },
  };
}
