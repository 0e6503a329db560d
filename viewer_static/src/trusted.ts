/**
 * No text becomes markup or code in this page: the one policy there is says which scripts a worker may
 * be, those that came with the page. The picture engine starts its workers itself, by bare address, so
 * this is the default policy; what it has no rule for (HTML, code) the browser refuses.
 */

/** As far as the compiler's library does not know it. */
interface Factory {
  createPolicy(name: string, rules: { createScriptURL: (address: string) => string }): unknown;
}

/** The address itself, when it is a script beside `built`, the page's own folder of scripts. */
export function ownScript(address: string, built: string): string {
  const { href, search } = new URL(address, built);
  const name = href.startsWith(built) ? href.slice(built.length) : '';
  if (search !== '' || !/^[\w.-]+\.js$/.test(name)) throw new TypeError('No script of this page.');
  return href;
}

const factory = (globalThis as { readonly trustedTypes?: Factory }).trustedTypes;
const built = new URL('.', import.meta.url).href;
factory?.createPolicy('default', { createScriptURL: (address) => ownScript(address, built) });
