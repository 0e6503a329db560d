/** What Cornerstone3D does by itself: its own `wadouri:` loader, default mode, nothing verified. */
import { Enums, imageLoader, init, RenderingEngine } from '@cornerstonejs/core';
import { init as initLoader } from '@cornerstonejs/dicom-image-loader';

/** As many requests at once as our viewer has (queue.ts). */
const SLOTS = 5;

const seen = { drawn: false, loaded: 0, failed: 0, images: 0 };
window.__wadouri = seen;

/** From the same list, in the same order, as our viewer. */
async function listed(series) {
  const answer = await fetch(`/api/pacs/series/${series}`);
  const { instances } = await answer.json();
  return instances.map(({ id }) => `wadouri:${location.origin}/api/pacs/instances/${id}/file`);
}

function started() {
  const useCPURendering = location.search === '?processor';
  init({ rendering: { webGlContextCount: 1, useCPURendering }, debug: {} });
  initLoader({});
  const element = document.getElementById('viewport');
  const engine = new RenderingEngine('bench');
  engine.enableElement({
    viewportId: 'viewport',
    element,
    type: Enums.ViewportType.STACK,
    defaultOptions: { background: [0, 0, 0] },
  });
  const viewport = engine.getViewport('viewport');
  element.addEventListener(Enums.Events.IMAGE_RENDERED, () => {
    seen.drawn ||= viewport.getCornerstoneImage() !== undefined;
    seen.images += 1;
  });
  // One image a frame, down and up again: of as many frames, how many images, in how many ms.
  seen.scrolled = (frames) =>
    new Promise((resolve) => {
      const before = seen.images;
      const began = performance.now();
      let left = frames;
      let by = 1;
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        const at = viewport.getCurrentImageIdIndex();
        if (at === viewport.getImageIds().length - 1) by = -1;
        if (at === 0) by = 1;
        void viewport.setImageIdIndex(at + by);
      };
      const frame = () => {
        if (left-- === 0)
          return resolve({ changes: seen.images - before, ms: performance.now() - began });
        port2.postMessage(0);
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
  return viewport;
}

async function load(imageId) {
  try {
    await imageLoader.loadAndCacheImage(imageId);
    seen.loaded += 1;
  } catch {
    seen.failed += 1;
  }
}

async function loadAll(imageIds) {
  const left = imageIds.values();
  const slot = async () => {
    for (const imageId of left) await load(imageId);
  };
  await Promise.all(Array.from({ length: SLOTS }, slot));
}

const listing = listed(location.hash.slice(1));
const viewport = started();
const imageIds = await listing;
const first = load(imageIds[0]);
const drawing = viewport.setStack(imageIds, 0);
await first;
await Promise.all([drawing, loadAll(imageIds.slice(1))]);
