/** How many viewports, and what hangs where. Pure. */
import type { SeriesHead, Study, StudyDetail, When } from './api.ts';

export interface Layout {
  readonly rows: number;
  readonly columns: number;
}

export const LAYOUTS: readonly Layout[] = [1, 2, 3].flatMap((rows) =>
  [1, 2, 3].map((columns) => ({ rows, columns })),
);

export const nameOf = ({ rows, columns }: Layout): string => `${rows} × ${columns}`;

export function layoutOf(name: string | null): Layout | null {
  return LAYOUTS.find((layout) => nameOf(layout) === name) ?? null;
}

/** Series that a reader looks at as pictures. */
const SILENT = new Set(['SR', 'PR', 'KO', 'SEG', 'RTSTRUCT', 'RTPLAN', 'DOC', 'ECG', 'REG', 'OT']);

export const isPicture = (modality: string): boolean => !SILENT.has(modality);

const words = (text: string): Set<string> =>
  new Set(
    text
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word !== ''),
  );

/** How much two series are of the same kind; 0 when of another modality. */
export function likeness(one: SeriesHead, other: SeriesHead): number {
  if (one.modality !== other.modality) return 0;
  const [mine, theirs] = [one, other].map(({ description, protocol, body_part }) =>
    words(`${description} ${protocol} ${body_part}`),
  ) as [Set<string>, Set<string>];
  const common = [...mine].filter((word) => theirs.has(word)).length;
  return 1 + (2 * common) / Math.max(1, mine.size + theirs.size);
}

/** The series that goes with this one, of the same modality; the first wins among equals. */
export function counterpart(series: SeriesHead, among: readonly SeriesHead[]): SeriesHead | null {
  const scored = among.map((other) => ({ other, score: likeness(series, other) }));
  const best = scored.reduce((found, next) => (next.score > found.score ? next : found), {
    other: null as SeriesHead | null,
    score: 0,
  });
  return best.other;
}

/** Without a date nobody can tell. */
export function whenOf(other: Study, study: Study): When {
  if (other.study_date === '' || study.study_date === '') return 'other';
  const [one, two] = [other, study].map((it) => `${it.study_date} ${it.study_time}`);
  return (one ?? '') > (two ?? '') ? 'later' : 'earlier';
}

/**
 * The study to read beside, of the other ones of the patient, the newest first: one with such pictures,
 * the nearest before, else the nearest after.
 */
export function comparable(modality: string, study: Study, others: readonly Study[]): Study | null {
  const alike = others.filter(({ modalities }) => modalities.includes(modality));
  const at = (when: When) => alike.filter((other) => whenOf(other, study) === when);
  return at('earlier')[0] ?? at('later').at(-1) ?? at('other')[0] ?? null;
}

/**
 * What fills the places: the open series first, then those after it in their order, then those before.
 * With a prior, every second place holds its counterpart.
 */
export function hang(
  open: SeriesHead,
  study: readonly SeriesHead[],
  prior: readonly SeriesHead[],
  places: number,
): (SeriesHead | null)[] {
  const pictures = study.filter(({ modality, id }) => isPicture(modality) || id === open.id);
  const at = pictures.findIndex(({ id }) => id === open.id);
  const order = [...pictures.slice(at), ...pictures.slice(0, Math.max(0, at))];
  const beside = (series: SeriesHead) => (prior.length === 0 ? null : counterpart(series, prior));
  const hung = order.flatMap((series) => [series, beside(series)].filter((one) => one !== null));
  return Array.from({ length: places }, (_, place) => hung[place] ?? null);
}

/** Two views of both breasts are read together; everything else begins with one picture. */
export function usual(series: readonly SeriesHead[]): Layout {
  const views = series.filter(({ modality }) => modality === 'MG').length;
  return views >= 4 ? { rows: 2, columns: 2 } : { rows: 1, columns: 1 };
}

/** As liked, without rows and columns that nothing of this study would fill. */
export function filled({ rows, columns }: Layout, series: readonly SeriesHead[]): Layout {
  const count = series.filter(({ modality }) => isPicture(modality)).length;
  const down = Math.max(1, Math.min(rows, Math.ceil(count / columns)));
  return { rows: down, columns: Math.max(1, Math.min(columns, Math.ceil(count / down))) };
}

const LIKED = 'layout:';

/** What this reader last chose for such studies: by modality, without a word on a patient. */
export class LikedLayouts {
  constructor(private readonly storage: Pick<Storage, 'getItem' | 'setItem'>) {}

  of(study: StudyDetail): Layout | null {
    return layoutOf(this.storage.getItem(LIKED + kindOf(study)));
  }

  keep(study: StudyDetail, layout: Layout): void {
    this.storage.setItem(LIKED + kindOf(study), nameOf(layout));
  }
}

const kindOf = ({ series }: StudyDetail): string => series[0]?.modality ?? '';
