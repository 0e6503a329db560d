/** Whether a picture that was asked for comes on the canvas, which the library does not say. */
import type { Clock } from './clock.ts';

/** A frame that is not on screen after this time is not coming. */
export const DRAW_MS = 8_000;

/** True once it is there, false when it is not coming; null while neither is known. */
export type Verdict = () => boolean | null;

/** Judged whenever `view` fires `drawn`. A hidden page draws nothing, and that is no fault of the picture. */
export function coming(
  view: EventTarget,
  verdict: Verdict,
  clock: Clock,
  isHidden: () => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isThere: boolean) => {
      cancel();
      view.removeEventListener('drawn', look);
      resolve(isThere);
    };
    const late = () => {
      if (isHidden()) cancel = clock.after(DRAW_MS, late);
      else settle(false);
    };
    const look = () => {
      const found = verdict();
      if (found !== null) settle(found);
    };
    let cancel = clock.after(DRAW_MS, late);
    view.addEventListener('drawn', look);
  });
}
