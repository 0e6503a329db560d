/** Brings to a viewport what only some series need. */
import type { SeriesDetail } from '../api.ts';
import type { Cover } from '../cover.ts';
import type { Link } from '../link.ts';
import type { Machine } from '../machine.ts';
import type { Overlay } from '../overlay.ts';
import type { Pane } from '../pane.ts';
import type { Watch } from '../persist.ts';
import type { Session } from '../session.ts';
import type { Transport } from '../transport.ts';
import type { Contents } from './contents.ts';
import type { Layers } from './layers.ts';
import type { Papers } from './papers.ts';
import { hasPlane } from './planes.ts';
import type { StudyMap } from './study-map.ts';

export interface Host {
  readonly transport: Transport;
  readonly link: Link;
  readonly cover: Cover;
  readonly overlay: Overlay;
  readonly map: StudyMap;
  /** The pictures lie in it. */
  readonly element: HTMLElement;
}

export async function hungPapers(
  host: Host,
  detail: SeriesDetail,
  watch: Watch,
  pictures: () => void,
): Promise<Papers> {
  const { Papers } = await host.transport.stubbornly(watch, () => import('./papers.ts'));
  watch.signal.throwIfAborted();
  const papers = new Papers(detail, { ...host, pictures });
  host.element.after(papers.node);
  return papers;
}

/** What lies over the pictures of a series, or may; null when nothing does. */
export async function hungLayers(
  host: Host,
  pane: Pane,
  session: Session,
  machine: Machine,
  layer: Contents | undefined,
  watch: Watch,
): Promise<Layers | null> {
  const { transport, element, overlay, map } = host;
  const { lieOf, rawOf } = machine.planes;
  const offered = map.layers();
  const { shown } = session.navigation;
  const hasGraphics = shown !== null && hasPlane(rawOf(shown.imageId));
  if (layer === undefined && offered.length === 0 && !hasGraphics) return null;
  const { Layers } = await transport.stubbornly(watch, () => import('./layers.ts'));
  if (pane.session !== session) return null;
  const { signal } = watch;
  const layers = new Layers(pane, session.model, { transport, signal, lieOf, rawOf, offered });
  element.after(layers.canvas);
  overlay.node.after(layers.panel);
  if (layer !== undefined) layers.add(layer, layer.class_name.replace(/ Storage$/, ''));
  layers.draw();
  return layers;
}

/** The one object of the series has arrived, and was found to be no picture. */
export function isOnlyNoPicture({ model, wanted }: Session): boolean {
  const error = wanted === null ? null : model.error(wanted.index);
  return model.instances.length === 1 && error?.category === 'no-pixels';
}
