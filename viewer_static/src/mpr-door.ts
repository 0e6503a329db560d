/** From the slices of a series to planes through them: whether that can be, and the way there. */
import type { Budget } from './budget.ts';
import type { SliceFacts, View } from './facts.ts';
import type { Machine } from './machine.ts';
import type { Mpr } from './mpr.ts';
import type { SeriesModel, Slice } from './series.ts';
import type { Session } from './session.ts';
import type { ToolId } from './toolkit.ts';
import type { Transport } from './transport.ts';
import { sized, tooLarge } from './volume-limit.ts';
import { stackOf } from './volume-stack.ts';

export interface Shown {
  readonly slice: Slice;
  readonly facts: SliceFacts;
  readonly view: View;
}

export interface Doorway {
  readonly session: Session;
  readonly machine: Machine;
  readonly shown: Shown;
  readonly budget: Budget;
  readonly transport: Transport;
  readonly tool: () => ToolId;
  readonly back: () => void;
}

/** Of the open series, for the button. */
export interface Planes {
  readonly inForce: boolean;
  /** Why there can be none. */
  readonly refusal: string | null;
  /** Memory that they take, about; empty while nobody knows. */
  readonly size: string;
}

const judged = new WeakMap<SeriesModel, string | null>();

/** Why the list of slices already says that they are no volume. */
function refusalOf(model: SeriesModel): string | null {
  const known = judged.get(model);
  if (known !== undefined) return known;
  const stack = stackOf(model.slices);
  const refusal = typeof stack === 'string' ? stack : null;
  judged.set(model, refusal);
  return refusal;
}

/** Voxels of 16 bits, as nearly all are; what the pixels really take is known when they have come. */
const BYTES = 2;

/** What of a viewport decides on them. */
export interface Front {
  readonly session: Pick<Session, 'model'> | null;
  readonly shown: Shown | null;
  readonly mpr: unknown;
}

export function planesOf({ session, shown, mpr }: Front): Planes {
  if (mpr !== null) return { inForce: true, refusal: null, size: '' };
  const refusal =
    session === null ? 'There are no slices to reconstruct.' : refusalOf(session.model);
  if (session === null || shown === null || refusal !== null)
    return { inForce: false, refusal: refusal ?? 'A slice has to be on screen first.', size: '' };
  const bytes = shown.facts.rows * shown.facts.columns * session.model.slices.length * BYTES;
  return { inForce: false, refusal: tooLarge(bytes, localStorage), size: sized(bytes) };
}

/** The code is fetched here, with the patience of a picture's. */
export async function planes(way: Doorway): Promise<Mpr> {
  const { session, machine, shown, budget, transport, tool, back } = way;
  const { Mpr } = await transport.stubbornly(session.watching, () => import('./mpr.ts'));
  const { width, centre, inverted } = shown.view;
  return new Mpr({
    detail: session.model.detail,
    source: session,
    budget,
    values: machine.engine.valuesOf,
    raw: machine.planes.rawOf,
    unit: shown.facts.unit,
    grey: { width, centre, inverted },
    tool,
    // Who never scrolled is not interested in the first slice.
    centre: shown.slice.index || session.model.slices.length >> 1,
    retry: () => void session.retryAll(),
    back,
  });
}
