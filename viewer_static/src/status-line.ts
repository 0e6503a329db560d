/** The line under the pictures: how far the active series is, what of it cannot be opened, what failed. */
import { FailuresNote } from './failures-note.ts';
import { Progress } from './progress.ts';
import { SkippedList } from './skipped.ts';
import type { Stage } from './stage.ts';
import { plural } from './text.ts';
import type { Toasts } from './toasts.ts';

export class StatusLine {
  readonly skipped = new SkippedList();
  private readonly progress = new Progress();
  private readonly failures: FailuresNote;

  constructor(
    private readonly stage: Stage,
    private readonly toasts: Toasts,
  ) {
    this.failures = new FailuresNote(toasts);
  }

  get nodes(): readonly HTMLElement[] {
    return [this.progress.node, this.skipped.opener];
  }

  /** Entries that cannot be opened are named, never silently missing. */
  opened(): void {
    const { session, slide, active } = this.stage;
    const skipped = (session?.model ?? slide ?? active.papers)?.skipped ?? [];
    this.skipped.show(skipped);
    if (skipped.length === 0) return;
    const what = plural(skipped.length, 'entry', 'entries');
    this.toasts.say('skipped', 'warn', `${what} of this series cannot be opened.`);
  }

  counted(): void {
    const { session, slide, active } = this.stage;
    const { papers } = active;
    if (slide !== null) this.progress.show(slide.counts);
    if (papers !== null) {
      this.progress.show(papers.counts, papers.skipped.length);
      this.failures.show(0, () => undefined);
    }
    if (session === null) return;
    const { counts, failures } = session.model;
    this.progress.show(counts, session.model.skipped.length);
    // The placeholder speaks for the slice on screen; the note is for those out of sight.
    const elsewhere = failures.some((index) => index !== session.navigation.wanted);
    this.failures.show(elsewhere ? counts.failed : 0, () => void session.retryAll());
  }
}
