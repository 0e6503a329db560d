/** Work that a screen shows at most once a frame. */

type Frame = (act: () => void) => unknown;

/** Called as often as one likes, it acts once before the next frame. */
export function eachFrame(
  act: () => void,
  frame: Frame = (next) => requestAnimationFrame(next),
): () => void {
  let isComing = false;
  return () => {
    if (isComing) return;
    isComing = true;
    frame(() => {
      isComing = false;
      act();
    });
  };
}
