// Put into both pages before they load: notes, in ms from navigation, when each goal was reached.
(() => {
  const marks = { first: null, all: null, failed: 0 };
  window.__marks = marks;

  const ours = (seam) => {
    const counts = seam.counts();
    return { drawn: seam.imageId() !== null, done: counts?.verified ?? 0, failed: counts?.failed ?? 0 };
  };
  const theirs = (seen) => ({ drawn: seen.drawn, done: seen.loaded, failed: seen.failed });

  const look = () => {
    const seam = window.__pacsProxy;
    const seen = window.__wadouri;
    if (seam !== undefined || seen !== undefined) {
      const { drawn, done, failed } = seam === undefined ? theirs(seen) : ours(seam);
      if (drawn) marks.first ??= performance.now();
      if (done >= COUNT) marks.all ??= performance.now();
      marks.failed = failed;
    }
    if (marks.first === null || marks.all === null) setTimeout(look, 5);
  };
  look();
})();
