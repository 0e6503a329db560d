/** Saving a study or one of its series as a ZIP: its size is said first; the browser does the rest. */
import { type StudyDetail, study as studyOf } from './api.ts';
import { button, el, say } from './dom.ts';
import { recognised } from './errors.ts';
import { date, personName, plural } from './text.ts';
import type { Transport } from './transport.ts';

interface Part {
  readonly path: string;
  readonly words: string;
}

const ROOT = 'api/pacs';
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** 163840000 -> "164 MB" */
export function bytes(count: number): string {
  let [value, unit] = [count, 0];
  while (value >= 1_000 && unit < UNITS.length - 1) [value, unit] = [value / 1_000, unit + 1];
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

function parts(one: StudyDetail): Part[] {
  const whole = {
    path: `${ROOT}/studies/${one.id}/download`,
    words: `The whole study: ${plural(one.series.length, 'series', 'series')}, ${plural(one.instance_count, 'image')}`,
  };
  if (one.series.length < 2) return [whole];
  const each = one.series.map((series) => {
    const number = series.number === null ? '' : `${series.number} `;
    const name = `${number}${series.modality} ${series.description || series.protocol}`.trim();
    const words = `Series ${name}: ${plural(series.instance_count, 'image')}`;
    return { path: `${ROOT}/series/${series.id}/download`, words };
  });
  return [whole, ...each];
}

export class Saving {
  private readonly dialog = el('dialog', { class: 'help saving', 'aria-label': 'Download' });
  private readonly body = el('div');
  private readonly state = el('p', { class: 'saving-state', role: 'status' });
  private readonly link = el('a', { class: 'button primary', download: true }, 'Download');
  private readonly leaving = new AbortController();
  private asking = new AbortController();

  constructor(
    private readonly transport: Transport,
    private readonly study: string,
  ) {
    const title = el('h2', { class: 'help-title' }, 'Download as ZIP');
    const close = button('Cancel', '', () => this.dialog.close());
    const answers = el('footer', { class: 'deletion-answers' }, close, this.link);
    this.dialog.append(title, this.body, this.state, answers);
    this.link.addEventListener('click', () => this.dialog.close());
    this.available(null);
  }

  /** Ends when the dialog does; what then comes is the browser's download. */
  ask(host: HTMLElement): Promise<void> {
    host.append(this.dialog);
    this.dialog.showModal();
    void this.load();
    return new Promise((resolve) => {
      this.dialog.addEventListener('close', () => {
        this.leaving.abort();
        this.asking.abort();
        this.dialog.remove();
        resolve();
      });
    });
  }

  private async load(): Promise<void> {
    say(this.state, 'Asking the archive.');
    try {
      const one = await studyOf(this.transport, this.study, { signal: this.leaving.signal });
      const all = parts(one);
      const who = [personName(one.patient_name).main, one.patient_id, date(one.study_date)];
      const choices = all.map((part, index) => this.choice(part, index, all.length));
      this.body.replaceChildren(
        el('p', { class: 'deletion-who' }, who.filter((text) => text !== '').join(' · ')),
        el('div', { class: 'deletion-choices' }, ...choices),
        el(
          'p',
          { class: 'saving-note' },
          'With a DICOMDIR for other viewers. The name of the file says nothing about the patient, its content does.',
        ),
      );
      const [whole] = all;
      if (whole !== undefined) void this.choose(whole);
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  private choice(part: Part, index: number, count: number): HTMLElement {
    if (count === 1) return el('p', {}, part.words);
    const box = el('input', { type: 'radio', name: 'saving', checked: index === 0 });
    box.addEventListener('change', () => void this.choose(part));
    return el('label', {}, box, part.words);
  }

  /** The size is what the proxy will send to the byte: it has counted every image for it. */
  private async choose(part: Part): Promise<void> {
    this.asking.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    this.available(null);
    say(this.state, 'Counting its images.');
    try {
      const size = await this.transport.size(part.path, { signal });
      if (signal.aborted) return;
      say(this.state, `${bytes(size)}. A download that is cut can be resumed.`);
      this.available(part.path);
    } catch (thrown) {
      if (!signal.aborted) this.failed(thrown);
    }
  }

  private available(path: string | null): void {
    if (path === null) this.link.removeAttribute('href');
    else this.link.href = path;
    this.link.toggleAttribute('aria-disabled', path === null);
    if (path === null) this.link.setAttribute('aria-disabled', 'true');
    else this.link.focus();
  }

  private failed(thrown: unknown): void {
    if (this.leaving.signal.aborted) return;
    const error = recognised(thrown);
    const request = error.requestId === null ? '' : ` Request ${error.requestId}.`;
    say(this.state, `${error.title}. ${error.message}${request}`);
  }
}
