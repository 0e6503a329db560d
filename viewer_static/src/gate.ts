/** Where every request waits while the server wants to know who asks: one gate for the whole page. */

/** Fires `shut` when the server has asked who it is, `open` when somebody has answered. */
export class Gate extends EventTarget {
  isShut = false;
  /** Changes with each opening: a refusal from before it is no news. */
  pass = 0;
  /** What the page says with every change, so that the server knows it from pages of other sites. */
  token = '';

  /** The headers of a change. */
  get headers(): Record<string, string> {
    return this.token === '' ? {} : { 'X-Change-Token': this.token };
  }

  /** The server did not know who asked under this pass. */
  refused(pass: number): void {
    if (this.isShut || pass !== this.pass) return;
    this.isShut = true;
    this.dispatchEvent(new Event('shut'));
  }

  open(): void {
    this.pass += 1;
    this.isShut = false;
    this.dispatchEvent(new Event('open'));
  }

  /** Resolves when requests may leave, or when the signal ends the waiting (the caller looks at it). */
  passed(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.removeEventListener('open', done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.addEventListener('open', done);
      signal?.addEventListener('abort', done);
      if (!this.isShut || signal?.aborted === true) done();
    });
  }
}
