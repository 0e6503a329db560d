/** Deleting a study, a series, all of a patient: what goes is named first, and the careful answer has the focus. */
import { ofPatient, type Study, type StudyDetail, study as studyOf } from './api.ts';
import { pause, wallClock } from './clock.ts';
import { button, el, say, set } from './dom.ts';
import { recognised, ViewerError } from './errors.ts';
import { date, personName, plural } from './text.ts';
import type { Transport } from './transport.ts';

export interface Deleted {
  readonly words: string;
}

interface Progress {
  readonly job: number;
  readonly state: string;
  readonly detail: string | null;
}

interface Target {
  /** One after the other; each can be repeated. */
  readonly paths: readonly string[];
  readonly words: string;
  /** What goes, one by one, where the words only count it. */
  readonly each?: readonly string[];
}

const ROOT = 'api/pacs';
const POLL_MS = 1_000;

const heading = (one: Study): string =>
  [date(one.study_date), one.modalities.join(' '), one.description]
    .filter((text) => text !== '')
    .join(' · ') || 'Study without a description';

const size = (one: StudyDetail): string =>
  `${plural(one.series.length, 'series', 'series')}, ${plural(one.instance_count, 'image')}`;

const pathOf = ({ id }: Study): string => `${ROOT}/studies/${id}`;

function targets(one: StudyDetail, all: readonly Study[]): Target[] {
  const whole = { paths: [pathOf(one)], words: `The whole study: ${size(one)}` };
  return [whole, ...partsOf(one), ...everything(one, all)];
}

function partsOf(one: StudyDetail): Target[] {
  if (one.series.length < 2) return [];
  return one.series.map((series) => {
    const number = series.number === null ? '' : `${series.number} `;
    const name = `${number}${series.modality} ${series.description || series.protocol}`.trim();
    const words = `Only series ${name}: ${plural(series.instance_count, 'image')}`;
    return { paths: [`${ROOT}/series/${series.id}`], words };
  });
}

/** Whoever shares the number and not the name may be another person. */
function everything({ patient_name }: Study, all: readonly Study[]): Target[] {
  const same = all.filter((other) => other.patient_name === patient_name);
  if (same.length < 2) return [];
  const words = `All ${same.length} studies of this patient:`;
  return [{ paths: same.map(pathOf), words, each: same.map(heading) }];
}

/** Ends with what was deleted, or null when nothing was. */
export class Deletion {
  private readonly dialog = el('dialog', { class: 'help deletion', 'aria-label': 'Delete' });
  private readonly body = el('div');
  private readonly state = el('p', { class: 'deletion-state', role: 'status' });
  private readonly keep: HTMLButtonElement;
  private readonly go: HTMLButtonElement;
  private readonly giveUp = new AbortController();
  private target: Target | null = null;
  private deleted: Deleted | null = null;
  private running = false;

  constructor(
    private readonly transport: Transport,
    private readonly study: string,
  ) {
    this.keep = button('Cancel', '', () => this.dialog.close());
    this.go = button('Delete', 'danger', () => void this.run());
    this.go.disabled = true;
    const answers = el('footer', { class: 'deletion-answers' }, this.keep, this.go);
    const title = el('h2', { class: 'help-title' }, 'Delete from the archive?');
    this.dialog.append(title, this.body, this.state, answers);
    // Leaving in the middle would not stop the archive: the end is waited for and told.
    this.dialog.addEventListener('cancel', (event) => {
      if (this.running) event.preventDefault();
    });
  }

  ask(host: HTMLElement): Promise<Deleted | null> {
    host.append(this.dialog);
    this.dialog.showModal();
    this.keep.focus();
    void this.load();
    return new Promise((resolve) => {
      this.dialog.addEventListener('close', () => {
        this.giveUp.abort();
        this.dialog.remove();
        resolve(this.deleted);
      });
    });
  }

  private async load(): Promise<void> {
    say(this.state, 'Asking the archive what would go.');
    try {
      const one = await studyOf(this.transport, this.study, this.watch());
      this.show(one, await ofPatient(this.transport, one.patient_id, this.watch()));
      say(this.state, '');
    } catch (thrown) {
      if (!this.giveUp.signal.aborted) this.failed(thrown);
    }
  }

  private show(one: StudyDetail, all: readonly Study[]): void {
    const choices = targets(one, all);
    const { main, beside } = personName(one.patient_name);
    const who = [main, beside, one.patient_id].filter((text) => text !== '').join(' · ');
    this.body.replaceChildren(
      el('p', { class: 'deletion-who' }, who),
      el('p', {}, heading(one)),
      el('div', { class: 'deletion-choices' }, ...this.choices(choices)),
      el('p', { class: 'deletion-warning' }, 'This cannot be undone.'),
    );
    this.target = choices[0] ?? null;
    this.go.disabled = false;
  }

  private choices(all: readonly Target[]): HTMLElement[] {
    const [whole] = all;
    if (all.length === 1) return [el('p', {}, whole?.words ?? '')];
    return all.map((target, index) => this.choice(target, index));
  }

  private choice(target: Target, index: number): HTMLElement {
    const box = el('input', { type: 'radio', name: 'deletion', checked: index === 0 });
    box.addEventListener('change', () => {
      this.target = target;
    });
    const choice = el('label', {}, box, target.words);
    const { each } = target;
    if (each === undefined) return choice;
    const list = el('ul', { class: 'deletion-list' }, ...each.map((one) => el('li', {}, one)));
    return el('div', {}, choice, list);
  }

  private async run(): Promise<void> {
    const { target } = this;
    if (target === null || this.running) return;
    this.busy(true);
    say(this.state, 'Deleting. The archive takes a moment for large studies.');
    try {
      for (const [index, path] of target.paths.entries()) {
        await this.finished(await this.transport.change('DELETE', path, null, this.watch()));
        this.deleted = { words: `Deleted: ${index + 1} of ${target.paths.length} studies.` };
      }
      if (target.paths.length === 1)
        this.deleted = { words: `Deleted: ${target.words.toLowerCase()}.` };
      this.dialog.close();
    } catch (thrown) {
      this.failed(thrown);
    } finally {
      this.busy(false);
    }
  }

  /** Large studies go on after the answer: asked once a second how far it is. */
  private async finished(answer: unknown): Promise<void> {
    let { state, job, detail } = answer as Progress;
    while (state === 'queued' || state === 'running') {
      await pause(wallClock, POLL_MS, this.giveUp.signal);
      const path = `${ROOT}/deletions/${job}`;
      ({ state, job, detail } = (await this.transport.json(path, this.watch())) as Progress);
      say(this.state, `Deleting. ${detail ?? ''}`);
    }
    if (state === 'failed') throw new ViewerError('server', detail ?? '');
  }

  private busy(running: boolean): void {
    this.running = running;
    this.keep.disabled = running;
    this.go.disabled = running;
    set(this.dialog, 'aria-busy', running ? 'true' : null);
  }

  private failed(thrown: unknown): void {
    const error = recognised(thrown);
    const request = error.requestId === null ? '' : ` Request ${error.requestId}.`;
    say(this.state, `${error.title}. ${error.message}${request}`);
    this.state.dataset.state = 'failed';
  }

  private watch() {
    const waiting = (waiting: unknown) => {
      if (waiting !== null) say(this.state, 'No answer yet; it is asked again by itself.');
    };
    return { signal: this.giveUp.signal, waiting };
  }
}
