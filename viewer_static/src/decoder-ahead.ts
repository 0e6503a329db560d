/** The program that decodes what a slow link brings: under way before anything is there to be decoded. */
import wasm from '@cornerstonejs/codec-openjph/wasm?url';
import { recognised } from './errors.ts';

/** Into the browser's cache, where the decoding worker finds it; what fails is met again there. */
export function bringDecoder(): void {
  globalThis
    .fetch(wasm, { priority: 'low' })
    .then((answer) => answer.arrayBuffer())
    .catch(recognised);
}
