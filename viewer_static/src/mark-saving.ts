/** Measurements into the archive and out of it again; what is only in this browser is said to be. */
import { type Archived, keepMeasurements, measurements } from './api.ts';
import { button, el, say } from './dom.ts';
import { recognised } from './errors.ts';
import type { Markbook } from './markbook.ts';
import { date, time } from './text.ts';
import type { Toasts } from './toasts.ts';
import type { Transport } from './transport.ts';

export class MarkSaving {
  readonly node: HTMLElement;
  private readonly words = el('p', { role: 'status' });
  private readonly save: HTMLButtonElement;
  private giveUp = new AbortController();
  private studyId = '';
  private archived: Archived = { made: null, observer: '', marks: [] };
  /** What the archive holds, to tell whether anything changed since. */
  private held = '';
  private isBusy = false;
  /** What was saved before has come. */
  private joined: Promise<void> = Promise.resolve();

  constructor(
    private readonly transport: Transport,
    private readonly book: Markbook,
    private readonly toasts: Toasts,
  ) {
    this.save = button('Save in the archive', 'primary', () => void this.keep());
    this.node = el('div', { class: 'saving' }, this.words, this.save);
    book.addEventListener('change', () => this.told());
    this.told();
  }

  /** What was measured before comes soft: no picture waits for it. */
  async open(studyId: string): Promise<void> {
    this.close();
    this.studyId = studyId;
    const { signal } = this.giveUp;
    try {
      this.joined = this.join(signal);
      await this.joined;
    } catch (thrown) {
      const error = recognised(thrown);
      if (signal.aborted || error.category === 'cancelled') return;
      this.toasts.say(
        'marks',
        'warn',
        `Saved measurements could not be asked for. ${error.sentence}`,
      );
    }
  }

  close(): void {
    this.giveUp.abort();
    this.giveUp = new AbortController();
    this.archived = { made: null, observer: '', marks: [] };
    this.held = this.book.signature([]);
    this.studyId = '';
    this.isBusy = false;
  }

  private async join(signal: AbortSignal): Promise<void> {
    const found = await measurements(this.transport, this.studyId, { signal });
    signal.throwIfAborted();
    this.archived = found;
    this.book.join(found);
    this.held = this.book.signature(found.marks);
    this.told();
  }

  private async keep(): Promise<void> {
    const { signal } = this.giveUp;
    let isSent = false;
    this.isBusy = true;
    this.told();
    try {
      await this.sent(signal);
      isSent = true;
      await this.known(signal);
    } catch (thrown) {
      if (isSent && signal.aborted) return;
      const { sentence } = recognised(thrown);
      this.toasts.say('marks', 'bad', `The measurements were not saved. ${sentence}`);
    }
    if (signal.aborted) return;
    this.isBusy = false;
    this.told();
  }

  /** In place of what was saved before, which must have come; also when the reader leaves meanwhile. */
  private async sent(signal: AbortSignal): Promise<void> {
    const { transport, studyId } = this;
    await this.joined.catch(() => this.join(signal));
    signal.throwIfAborted();
    const lasting = { signal: new AbortController().signal };
    await keepMeasurements(transport, studyId, this.book.forArchive(), lasting);
  }

  private async known(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const found = await measurements(this.transport, this.studyId, { signal });
    signal.throwIfAborted();
    this.archived = found;
    this.held = this.book.signature(found.marks);
    this.book.base = found.made;
  }

  private told(): void {
    const marks = this.book.forArchive();
    const isChanged = this.book.signature(marks) !== this.held;
    this.save.disabled = this.isBusy || !isChanged || marks.length === 0;
    this.node.hidden = marks.length === 0 && this.archived.made === null;
    say(this.words, this.sentence(isChanged));
  }

  private sentence(isChanged: boolean): string {
    const { made, observer } = this.archived;
    if (this.isBusy) return 'Saving …';
    if (made === null) return 'Kept in this browser only.';
    const when = `${date(made.slice(0, 8))} ${time(made.slice(8))}${observer === '' ? '' : ` by ${observer}`}`;
    return isChanged ? `Changed since it was saved, ${when}.` : `Saved in the archive, ${when}.`;
  }
}
