/** What an object names, by series, so far as they are in this study. */
import { button, el } from '../dom.ts';
import { plural } from '../text.ts';
import type { Contents } from './contents.ts';
import type { StudyMap } from './study-map.ts';

export function referring({ references }: Contents, map: StudyMap): HTMLElement[] {
  if (references.length === 0) return [];
  const uids = [...new Set(references.map(({ series }) => series))];
  const rows = uids.map((uid) => {
    const images = references.filter(({ series }) => series === uid);
    const series = map.series(uid);
    const what = `${plural(images.length, 'object')} (${images[0]?.class ?? ''})`;
    if (series === null) return el('li', {}, `${what} of a series that is not in this study`);
    const name = series.description || series.modality;
    const first = images[0]?.uid ?? null;
    const open = button(`Open ${name}`, 'quiet', () => map.open(series.id, first));
    return el('li', {}, `${what} of series “${name}” `, open);
  });
  return [
    el('section', { class: 'papers-references' }, el('h3', {}, 'Refers to'), el('ul', {}, ...rows)),
  ];
}
