import { describe, expect, it } from 'vitest';
import { ownScript } from './trusted.ts';

const BUILT = 'https://pacs.example/reading/assets/';

describe('the one policy', () => {
  it.each(['digest-worker-DRGbN-WO.js', `${BUILT}gzip.worker-C0eSu8oc.js`])(
    'lets in %s',
    (name) => {
      expect(ownScript(name, BUILT)).toBe(new URL(name, BUILT).href);
    },
  );

  it.each([
    'https://elsewhere.example/reading/assets/a.js',
    '//elsewhere.example/a.js',
    'data:text/javascript,alert(1)',
    'blob:https://pacs.example/0b7c',
    '../api/pacs/instances/x/file',
    '../assets/../evil.js',
    'a.js?x=1',
    'deeper/a.js',
    'a%2f.js',
    'a.wasm',
    '',
  ])('refuses %s', (address) => {
    expect(() => ownScript(address, BUILT)).toThrow(TypeError);
  });
});
