// Looks at every frame the reader could see: what the bars on the canvas say, and what the page says.
// Test code: it reads the canvas and the words, nothing the viewer believes of itself.
(tag) => {
  const BARS = 12, INDEX_BITS = 8;
  // Whatever takes longer than 250 ms is covered; a busy machine draws few frames meanwhile, and the
  // cover's timer may come a frame late.
  const PATIENCE_MS = 300, PATIENCE_FRAMES = 5;
  const seen = { tag, frames: 0, uncovered: 0, indexes: [], wrong: [] };
  const indexes = new Set();
  // Which slice is asked for while another is on screen, since when, and for how many frames.
  let awaited = null;

  const bars = (canvas) => {
    const y = Math.floor(canvas.height / 2);
    const row = canvas.getContext('2d').getImageData(0, y, canvas.width, 1).data;
    const side = Math.min(canvas.width, canvas.height);
    const left = (canvas.width - side) / 2;
    let code = 0;
    for (let bar = 0; bar < BARS; bar++) {
      const middle = Math.floor(left + ((bar + 0.5) * side) / BARS);
      let sum = 0;
      for (let x = middle - 4; x <= middle + 4; x++) sum += row[4 * x];
      if (sum / 9 > 127) code |= 1 << bar;
    }
    return { tag: code >> INDEX_BITS, index: code & ((1 << INDEX_BITS) - 1) };
  };

  const accuse = (what, facts) => {
    if (seen.wrong.length < 20) seen.wrong.push({ what, at: Math.round(performance.now()), ...facts });
  };

  const overdue = (one) =>
    (one.frames += 1) > PATIENCE_FRAMES && performance.now() - one.since > PATIENCE_MS;

  const judge = (canvas) => {
    const words = document.querySelector('.corner.bottom-left')?.textContent ?? '';
    const labelled = Number(/Slice (\d+)\//.exec(words)?.[1] ?? 0) - 1;
    const { tag: drawnTag, index } = bars(canvas);
    const wanted = window.__pacsProxy?.wanted() ?? null;
    const facts = { labelled, drawn: index, tag: drawnTag, wanted };
    if (document.querySelector('.overlay')?.hidden) accuse('an uncovered picture without words', facts);
    else if (labelled !== index || drawnTag !== seen.tag) accuse('another picture than the words say', facts);
    if (wanted === index) awaited = null;
    else if (awaited?.wanted !== wanted) awaited = { wanted, since: performance.now(), frames: 0 };
    if (awaited !== null && overdue(awaited)) accuse('the picture before it stays', facts);
    seen.uncovered += 1;
    indexes.add(index);
  };

  const look = () => {
    // Another witness may have been called.
    if (window.__witness?.seen !== seen) return;
    requestAnimationFrame(look);
    seen.frames += 1;
    const canvas = document.querySelector('.canvas canvas');
    const cover = document.querySelector('.cover');
    if (canvas === null || canvas.height === 0 || cover === null || !cover.hidden) {
      awaited = null;
      return;
    }
    judge(canvas);
  };

  window.__witness = { seen, told: () => ({ ...seen, indexes: [...indexes].sort((a, b) => a - b) }) };
  requestAnimationFrame(look);
}
