/** Names the picture engine in the page's head: it comes while the page itself is still being read. */
import type { HtmlTagDescriptor, Plugin, Rolldown } from 'vite';

/** What draws the first picture; see src/machine.ts. */
const ENGINE = /\/src\/(loader|viewports|tools\/plane-at)\.ts$/;

type Bundle = Rolldown.OutputBundle;

function chunkOf(bundle: Bundle, name: string): Rolldown.OutputChunk | null {
  const found = bundle[name];
  return found?.type === 'chunk' ? found : null;
}

/** The chunk, and all that it needs before it can run. */
function within(bundle: Bundle, name: string, found: Set<string>): void {
  if (found.has(name)) return;
  found.add(name);
  for (const needed of chunkOf(bundle, name)?.imports ?? []) within(bundle, needed, found);
}

function link(name: string): HtmlTagDescriptor {
  const attrs = {
    rel: 'modulepreload',
    crossorigin: true,
    fetchpriority: 'low',
    href: `./${name}`,
  };
  return { tag: 'link', attrs, injectTo: 'head' };
}

/** The engine starts it when it runs itself, which would be one way there and back later. */
const WORKER = /\/decodeImageFrameWorker-[\w-]+\.js$/;

const later = (name: string): HtmlTagDescriptor => ({
  tag: 'link',
  attrs: { rel: 'prefetch', href: `./${name}` },
  injectTo: 'head',
});

export function preloadEngine(): Plugin {
  return {
    name: 'preload-engine',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const found = new Set<string>();
        for (const name of Object.keys(bundle))
          if (ENGINE.test(chunkOf(bundle, name)?.facadeModuleId ?? '')) within(bundle, name, found);
        const workers = Object.keys(bundle).filter((name) => WORKER.test(name));
        const engine = [...found].filter((name) => !html.includes(name));
        return [...engine.map(link), ...workers.map(later)];
      },
    },
  };
}
