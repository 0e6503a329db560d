/** How strong masks are, and within which limits they and contours are drawn. */
import { el } from '../dom.ts';
import { eachFrame } from '../frames.ts';
import { CONTOUR_MM, MASK_MM } from './place.ts';

const ON_SLICES = `Masks lie on slices within ${MASK_MM} mm of their plane, contours within ${CONTOUR_MM} mm.`;
const ON_PLANES =
  'Masks reach half of the way to the next slice; of a slab, its middle is shown. ' +
  'Contours that stand across a plane: the edge of what they enclose.';

export function opacityOf(
  begin: number,
  isOnPlanes: boolean,
  changed: (opacity: number) => void,
): HTMLElement {
  const slider = el('input', { type: 'range', min: '10', max: '100', 'aria-label': 'Opacity' });
  slider.value = String(begin * 100);
  // The hand is quicker than the screen.
  const told = eachFrame(() => changed(Number(slider.value) / 100));
  slider.addEventListener('input', told);
  const limits = isOnPlanes ? ON_PLANES : ON_SLICES;
  return el(
    'div',
    {},
    el('label', {}, 'Opacity ', slider),
    el('p', { class: 'layers-limits' }, limits),
  );
}
