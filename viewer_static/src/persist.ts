/** Asks again until it works, is pointless or is given up; the one retry loop of the browser side. */
import { type Clock, pause } from './clock.ts';
import { recognised, ViewerError } from './errors.ts';
import { decide, type Policy, tallied } from './retry.ts';

/** Why nothing moves: null error means no byte for some seconds, without a failure yet. */
export interface Waiting {
  readonly error: ViewerError | null;
}

export interface Watch {
  readonly signal: AbortSignal;
  waiting?(waiting: Waiting | null): void;
  received?(bytes: number, total: number): void;
}

export interface Pace {
  readonly clock: Clock;
  readonly policy: Policy;
  /** Fires `wake` when the link is back: sleepers try at once. */
  readonly wake: EventTarget;
}

export async function persist<T>(
  pace: Pace,
  watch: Watch,
  attempt: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let failures = 0;
  for (;;) {
    const before = progress();
    try {
      return await attempt();
    } catch (thrown) {
      failures = tallied(failures, progress() > before);
      await interval(pace, watch, failures, thrown);
    }
  }
}

/** Waits as the policy says, or throws when it says stop. */
async function interval(
  pace: Pace,
  watch: Watch,
  failures: number,
  thrown: unknown,
): Promise<void> {
  if (watch.signal.aborted) throw new ViewerError('cancelled');
  const error = recognised(thrown);
  const decision = decide(pace.policy, failures, error, pace.clock.random());
  if (decision.kind === 'stop') throw error;
  const slow = decision.pace === 'slow';
  if (slow) watch.waiting?.({ error });
  await pause(pace.clock, decision.waitMs, watch.signal, slow ? pace.wake : undefined);
  if (slow) watch.waiting?.(null);
  if (watch.signal.aborted) throw new ViewerError('cancelled');
}
