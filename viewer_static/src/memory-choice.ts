/** The line that says how much memory pictures may take, and changes it. */
import { el } from './dom.ts';
import { drawingChoice } from './drawing.ts';
import { keepPictureLimit, LIMITS, pictureLimit } from './memory.ts';
import type { Store } from './preferences.ts';
import { quickLookChoice } from './quick-look.ts';

export function memoryChoice(storage: Store & EventTarget, limited: (mib: number) => void) {
  const offered = LIMITS.map((mib) => el('option', { value: String(mib) }, `${mib} MB`));
  const choice = el('select', {}, ...offered);
  const show = () => {
    choice.value = String(pictureLimit(storage));
  };
  choice.addEventListener('change', () => {
    keepPictureLimit(storage, Number(choice.value));
    limited(pictureLimit(storage));
  });
  storage.addEventListener('change', () => {
    show();
    limited(pictureLimit(storage));
  });
  show();
  const words = 'Pictures in memory of this tab, at most';
  const note = el('span', { class: 'note' }, 'What does not fit is fetched again when looked at.');
  return el(
    'p',
    { class: 'help-memory' },
    el('label', {}, `${words} `, choice),
    ' ',
    note,
    ' ',
    drawingChoice(storage),
    ' ',
    quickLookChoice(storage),
  );
}
