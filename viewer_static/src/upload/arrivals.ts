/** What a finished upload brought: its studies, each to be opened, and its TIFFs as small pictures. */
import { type StudyDetail, study as studyOf } from '../api.ts';
import { button, el } from '../dom.ts';
import { date, personName, plural } from '../text.ts';
import { isUploadId, uploadsPath } from './answers.ts';
import type { Batch } from './batch.ts';
import type { Inside } from './door.ts';
import type { Item } from './item.ts';

/** More of them are found in the study list. */
const MOST_STUDIES = 30;
const MOST_PICTURES = 12;
/** The server has all of it. */
const HELD = new Set(['sent', 'examining', 'converting', 'storing', 'kept', 'stored', 'duplicate']);

export class Arrivals {
  readonly node = el('div', { class: 'arrivals', hidden: true });
  private readonly list = el('ul', { class: 'arrived-studies', 'aria-label': 'Studies' });
  private readonly pictures = el('div', { class: 'arrived-pictures' });
  private readonly listed = new Set<string>();
  private readonly drawn = new Set<Item>();

  constructor(
    private readonly batch: Batch,
    private readonly deps: Inside,
  ) {
    this.node.append(this.pictures, this.list);
  }

  /** One study has a button of its own beside the others. */
  draw(): void {
    const { batch } = this;
    if (batch.done && batch.studies.size > 1)
      for (const id of [...batch.studies].slice(0, MOST_STUDIES)) this.study(id);
    for (const item of batch.items) if (item.kind === 'tiff') this.tiff(item);
    this.node.hidden = this.list.childElementCount + this.pictures.childElementCount === 0;
  }

  private study(id: string): void {
    if (this.listed.has(id)) return;
    this.listed.add(id);
    const words = el('span', {}, 'Study');
    const open = button('Open', '', () => this.deps.goes(id));
    this.list.append(el('li', {}, words, open));
    const watch = { signal: new AbortController().signal };
    const named = (found: StudyDetail) => {
      words.textContent = wordsOf(found);
      open.setAttribute('aria-label', `Open ${words.textContent}`);
    };
    // Without its name it can be opened all the same.
    void studyOf(this.deps.transport, id, watch).then(named, () => undefined);
  }

  private tiff(item: Item): void {
    const { id } = item;
    if (!HELD.has(item.state) || !isUploadId(id) || this.drawn.has(item)) return;
    if (this.drawn.size >= MOST_PICTURES) return;
    this.drawn.add(item);
    const path = `${uploadsPath}/${id}/thumbnail`;
    const watch = { signal: new AbortController().signal };
    const shown = (blob: Blob) => {
      const alt = `Small picture of ${item.name}, not for diagnosis`;
      const image = el('img', { alt, title: alt });
      image.addEventListener('load', () => URL.revokeObjectURL(image.src), { once: true });
      image.src = URL.createObjectURL(blob);
      this.pictures.append(image);
      this.node.hidden = false;
    };
    void this.deps.transport.picture(path, watch).then(shown, () => undefined);
  }
}

function wordsOf(found: StudyDetail): string {
  const { patient_name, study_date, description, modalities, instance_count } = found;
  const name = personName(patient_name).main || 'No name';
  const what = [date(study_date), modalities.join(' '), description].filter((text) => text !== '');
  return `${name}: ${what.join(', ')}, ${plural(instance_count, 'image')}`;
}
