/** What a reader must know of a volume. Pure. */
import type { SeriesModel } from './series.ts';
import { plural } from './text.ts';
import type { Volume } from './volume.ts';

type Told = Pick<Volume, 'isComplete' | 'count' | 'total' | 'failures'>;

const NAMED = 3;

/** How much of it is here, and how sure that is. */
export function stateOf(volume: Told, { counts }: Pick<SeriesModel, 'counts'>): string {
  const { isComplete, count, total } = volume;
  if (!isComplete) return `${count} of ${total} slices, reconstruction incomplete`;
  const proof = counts.lengthOnly === 0 ? 'all verified' : `${counts.lengthOnly} by length only`;
  return `${plural(total, 'slice')}, ${proof}`;
}

/** Which slices failed, and why; the first few of many. */
export function failuresOf({ failures }: Told, model: Pick<SeriesModel, 'error'>): string {
  const named = failures
    .slice(0, NAMED)
    .map((index) => `Slice ${index + 1}: ${model.error(index)?.title.toLowerCase() ?? 'failed'}`);
  const rest = failures.length - NAMED;
  return [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join(' · ');
}
