/** Work that a screen shows at most once a frame. */

type Frame = (act: () => void) => unknown;

/** Called as often as one likes, it acts at once and then no more than once a frame, the last time included. */
export function eachFrame(
  act: () => void,
  frame: Frame = (next) => requestAnimationFrame(next),
): () => void {
  let isWaiting = false;
  let isWanted = false;
  const told = () => {
    isWanted = isWaiting;
    if (isWaiting) return;
    isWaiting = true;
    act();
    frame(() => {
      isWaiting = false;
      if (isWanted) told();
    });
  };
  return told;
}
