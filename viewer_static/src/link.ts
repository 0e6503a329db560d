/** While something waits: what it waits for, and the call that wakes everybody when it is back. */
import { type ArchiveStatus, statusPath } from './api.ts';
import type { Clock } from './clock.ts';
import type { ViewerError } from './errors.ts';
import { seconds } from './text.ts';

export type LinkState = 'fine' | 'server-away' | 'archive-away' | 'recovering';

const POLL_MS = 1_000;
const ANSWER_MS = 2_500;
/** Silence borne on an open request; longer while the server says that it holds the request itself. */
const STALL_MS = 10_000;
const HELD_MS = 35_000;

export type Glance = (path: string, limitMs: number) => Promise<unknown>;

/** Fires `change` when the state or its age moves, `wake` when waiting is over. */
export class Link extends EventTarget {
  state: LinkState = 'fine';
  glance: Glance = () => Promise.reject(new Error('not connected yet'));
  private since = 0;
  private holders = 0;
  private polling = false;

  constructor(private readonly clock: Clock) {
    super();
  }

  readonly stallMs = (): number =>
    this.state === 'archive-away' || this.state === 'recovering' ? HELD_MS : STALL_MS;

  /** Someone waits; the answer ends that. */
  hold(): () => void {
    this.holders += 1;
    if (!this.polling) void this.poll();
    let held = true;
    return () => {
      if (held) this.holders -= 1;
      held = false;
    };
  }

  get waiting(): boolean {
    return this.holders > 0;
  }

  /** Why nothing moves; what the last attempt said counts when the archive itself seems well. */
  sentence(error: ViewerError | null = null): string {
    const age = seconds(this.clock.now() - this.since);
    if (this.state === 'server-away') {
      return `No answer from the server for ${age}. Loading goes on by itself when it is back.`;
    }
    if (this.state === 'archive-away') {
      return `The archive has not answered for ${age}. Loading goes on by itself when it is back.`;
    }
    if (this.state === 'recovering') return 'The archive is coming back.';
    if (error !== null) return `${error.sentence} It is asked again by itself.`;
    return 'The connection is slow or breaks off: no data for some seconds.';
  }

  /** The browser says the network is back. */
  online(): void {
    this.dispatchEvent(new Event('wake'));
  }

  private async poll(): Promise<void> {
    this.polling = true;
    while (this.holders > 0) {
      this.become(await this.asked());
      await new Promise<void>((resolve) => this.clock.after(POLL_MS, resolve));
    }
    this.polling = false;
    this.become({ state: 'fine', ageMs: 0 });
  }

  private async asked(): Promise<{ state: LinkState; ageMs: number }> {
    try {
      const answer = (await this.glance(statusPath, ANSWER_MS)) as ArchiveStatus;
      const ageMs = (Number(answer.since_seconds) || 0) * 1_000;
      if (answer.archive === 'unreachable') return { state: 'archive-away', ageMs };
      return { state: answer.archive === 'recovering' ? 'recovering' : 'fine', ageMs };
    } catch {
      return { state: 'server-away', ageMs: 0 };
    }
  }

  private become({ state, ageMs }: { state: LinkState; ageMs: number }): void {
    const before = this.state;
    if (state !== before) this.since = this.clock.now() - ageMs;
    this.state = state;
    this.dispatchEvent(new Event('change'));
    if (state === 'fine' && before !== 'fine') this.dispatchEvent(new Event('wake'));
  }
}
