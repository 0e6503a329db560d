/** What a segmentation or structure set holds, and where it can be laid over. */
import { button, el } from '../dom.ts';
import { plural } from '../text.ts';
import type { Colour, Contents, Contour } from './contents.ts';
import type { StudyMap } from './study-map.ts';

interface Part {
  readonly label: string;
  readonly kind: string;
  readonly colour: Colour | null;
  readonly contours?: readonly Contour[];
}

export function swatch(colour: Colour | null): HTMLElement {
  const node = el('span', { class: 'swatch', 'aria-hidden': 'true' });
  if (colour !== null) node.style.background = `rgb(${colour.join(' ')})`;
  return node;
}

/** To the image that a report drew it on; null where that is not in the study. */
function jump(part: Part, contents: Contents, map: StudyMap): HTMLElement | null {
  const image = part.contours?.find(({ pixels }) => pixels !== undefined)?.images[0];
  const home = contents.references.find(({ uid }) => uid === image);
  const series = home === undefined ? null : map.series(home.series);
  if (image === undefined || series === null) return null;
  const go = button('Go to', 'quiet', () => map.open(series.id, image, contents));
  go.setAttribute('aria-label', `Go to ${part.label}`);
  return go;
}

function row(part: Part, contents: Contents, map: StudyMap): HTMLElement {
  const { label, kind, colour } = part;
  const words = [label || 'unnamed', kind === '' ? '' : ` (${kind})`, ' '];
  return el('li', {}, swatch(colour), ...words, jump(part, contents, map));
}

export function layerNode(contents: Contents, map: StudyMap, pictures: () => void): HTMLElement {
  const { segmentation, structures } = contents;
  const parts: readonly Part[] = segmentation?.segments ?? structures?.regions ?? [];
  const node = el(
    'section',
    { class: 'layer-card' },
    el('ul', {}, ...parts.map((part) => row(part, contents, map))),
  );
  const isTooLarge = segmentation?.too_large === true || structures?.too_large === true;
  if (isTooLarge)
    node.append(
      el('p', { class: 'papers-warning' }, 'It is too large to be laid over pictures here.'),
    );
  else node.append(...homes(contents, map));
  if (segmentation !== undefined)
    node.append(button('Show its frames as pictures', 'quiet', pictures));
  return node;
}

function homes(contents: Contents, map: StudyMap): HTMLElement[] {
  const uids = [...new Set(contents.references.map(({ series }) => series))];
  const found = uids.map((uid) => map.series(uid)).filter((series) => series !== null);
  if (found.length === 0)
    return [
      el(
        'p',
        { class: 'papers-warning' },
        'The images it was drawn on are not in this study, so it is not laid over any.',
      ),
    ];
  return found.map((series) => {
    const name = series.description || series.modality;
    const count = plural(series.instance_count, 'image');
    const words = `Show on “${name}” (${count})`;
    return button(words, 'primary', () => map.open(series.id, null, contents));
  });
}
