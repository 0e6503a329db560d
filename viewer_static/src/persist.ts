/** Asks again until it works, is pointless or is given up; the one retry loop of the browser side. */
import { type Clock, pause } from './clock.ts';
import { recognised, ViewerError } from './errors.ts';
import type { Gate } from './gate.ts';
import { decide, type Policy, tallied } from './retry.ts';
import { Silence } from './watchdog.ts';

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
  /** Shut while nobody is signed in: waiting there is no failure. */
  readonly gate?: Gate;
}

/** A pause shorter than this needs no explanation. */
const NOTICEABLE_MS = 300;

/** So often one load waits for somebody to sign in; more is not for want of a session. */
const REFUSALS = 20;

export async function persist<T>(
  pace: Pace,
  watch: Watch,
  attempt: (silence: Silence) => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let failures = 0;
  let refusals = 0;
  let error: ViewerError | null = null;
  const silence = new Silence(pace.clock, (quiet) => watch.waiting?.(quiet ? { error } : null));
  try {
    for (;;) {
      await entered(pace.gate, watch.signal, silence);
      const pass = pace.gate?.pass ?? 0;
      const before = progress();
      try {
        return await attempt(silence);
      } catch (thrown) {
        error = recognised(thrown);
        if (error.category === 'signed-out' && pace.gate !== undefined && refusals < REFUSALS) {
          refusals += 1;
          pace.gate.refused(pass);
          continue;
        }
        failures = tallied(failures, progress() > before);
        await interval(pace, watch.signal, silence, failures, error);
      }
    }
  } finally {
    silence.stop();
  }
}

/** Through the gate; while it is shut the page itself says why nothing comes. */
async function entered(
  gate: Gate | undefined,
  signal: AbortSignal,
  silence: Silence,
): Promise<void> {
  if (gate === undefined || !gate.isShut) return;
  silence.rest();
  await gate.passed(signal);
  if (signal.aborted) throw new ViewerError('cancelled');
  silence.broken();
}

/** Waits as the policy says, or throws when it says stop. */
async function interval(
  pace: Pace,
  signal: AbortSignal,
  silence: Silence,
  failures: number,
  error: ViewerError,
): Promise<void> {
  if (signal.aborted) throw new ViewerError('cancelled');
  const decision = decide(pace.policy, failures, error, pace.clock.random());
  if (decision.kind === 'stop') throw error;
  if (error.away && decision.waitMs >= NOTICEABLE_MS) silence.known();
  await pause(
    pace.clock,
    decision.waitMs,
    signal,
    decision.pace === 'slow' ? pace.wake : undefined,
  );
  if (signal.aborted) throw new ViewerError('cancelled');
}
