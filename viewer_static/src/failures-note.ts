/** The note on images that failed out of sight: said once per change, not once per slice that moves. */
import { plural } from './text.ts';
import type { Toasts } from './toasts.ts';

export class FailuresNote {
  private before = 0;

  constructor(private readonly toasts: Toasts) {}

  show(failed: number, retry: () => void): void {
    if (failed === this.before) return;
    this.before = failed;
    if (failed === 0) this.toasts.dismiss('failed');
    else {
      const words = `${plural(failed, 'image')} could not be loaded.`;
      this.toasts.say('failed', 'bad', words, { label: 'Retry all', run: retry });
    }
  }
}
