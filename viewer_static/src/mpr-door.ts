/** From the slices of a series to planes through them: whether that can be, and the way there. */
import type { Budget } from './budget.ts';
import type { SliceFacts, View } from './facts.ts';
import type { Layers } from './formats/layers.ts';
import type { Machine } from './machine.ts';
import type { Mpr } from './mpr.ts';
import type { Shelf } from './mpr-marks.ts';
import type { Slice } from './series.ts';
import type { Session } from './session.ts';
import type { ToolId } from './toolkit.ts';
import type { Transport } from './transport.ts';
import { isFramed, type RawOf, stackAround } from './volume-frames.ts';
import { sized, tooLarge } from './volume-limit.ts';
import type { Stack } from './volume-stack.ts';

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
  readonly coloured: () => void;
  /** Masks and contours that lie over the slices, or may. */
  readonly layers: () => Layers | null;
  readonly shelf: Shelf;
}

/** Of the open series, for the button. */
export interface Planes {
  readonly inForce: boolean;
  /** Why there can be none. */
  readonly refusal: string | null;
  /** Memory that they take, about; empty while nobody knows. */
  readonly size: string;
}

/** By series, or by file where one holds the whole stack. */
const judged = new WeakMap<object, Stack | string>();

function stackOfShown({ model }: Pick<Session, 'model'>, shown: Shown, raw: RawOf): Stack | string {
  const key = isFramed(shown.slice) ? shown.slice.instance : model;
  const known = judged.get(key);
  if (known !== undefined) return known;
  const stack = stackAround(model.slices, shown.slice, raw);
  judged.set(key, stack);
  return stack;
}

/** Voxels of 16 bits, as nearly all are; what the pixels really take is known when they have come. */
const BYTES = 2;

/** What of a viewport decides on them. */
export interface Front {
  readonly session: Pick<Session, 'model'> | null;
  readonly shown: Shown | null;
  readonly mpr: unknown;
}

export function planesOf({ session, shown, mpr }: Front, raw: RawOf): Planes {
  if (mpr !== null) return { inForce: true, refusal: null, size: '' };
  if (session === null) return refused('There are no slices to reconstruct.');
  if (shown === null) return refused('A slice has to be on screen first.');
  const stack = stackOfShown(session, shown, raw);
  if (typeof stack === 'string') return refused(stack);
  const bytes = shown.facts.rows * shown.facts.columns * stack.order.length * BYTES;
  return { inForce: false, refusal: tooLarge(bytes, localStorage), size: sized(bytes) };
}

const refused = (refusal: string): Planes => ({ inForce: false, refusal, size: '' });

/** The code is fetched here, with the patience of a picture's. */
export async function planes(way: Doorway): Promise<Mpr> {
  const { session, machine, shown, budget, transport, tool, back, coloured, layers, shelf } = way;
  const { Mpr } = await transport.stubbornly(session.watching, () => import('./mpr.ts'));
  const { width, centre, inverted } = shown.view;
  return new Mpr({
    detail: session.model.detail,
    source: session,
    budget,
    values: machine.engine.valuesOf,
    raw: machine.planes.rawOf,
    grey: { width, centre, inverted },
    tool,
    layers,
    shelf,
    volume: isFramed(shown.slice) ? shown.slice.instance.id : session.model.detail.id,
    slice: shown.slice,
    retry: () => void session.retryAll(),
    back,
    coloured,
  });
}
