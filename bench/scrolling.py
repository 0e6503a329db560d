"""How quickly cached slices follow the wheel, and what 2 000 slices cost to open beside 200.

`python -m bench.scrolling [--rounds 3]`
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from bench import report
from bench.browser import FLAGS
from pacs_proxy.demo import phantom
from pacs_proxy.demo.orthanc import ThrowawayOrthanc, free_port
from pacs_proxy.demo.proxy import ProxyProcess
from tests.e2e.shelf import Book, Shelf
from tests.e2e.slices import Barred
from tests.e2e.viewer import Viewer

SLICES, SIDE, TAG = 60, 480, 3
FEW, MANY, SMALL = 200, 2000, 128
GOAL_RATE, GOAL_RATIO = 50.0, 1.2
PATIENCE = 300.0
# One notch a frame, down and up again; what each frame shows is counted when it is another.
WHEEL = """(frames) => new Promise((resolve) => {
  const seam = window.__pacsProxy, picture = document.querySelector('.picture');
  let left = frames, changes = 0, last = seam.seen(), down = true;
  const began = performance.now();
  const frame = () => {
    const now = seam.seen();
    if (now !== null && now !== last) { changes += 1; last = now; }
    if (left-- === 0) return resolve({ changes, ms: performance.now() - began });
    if (seam.wanted() === 59) down = false;
    if (seam.wanted() === 0) down = true;
    const deltaY = down ? 100 : -100;
    picture.dispatchEvent(new WheelEvent('wheel', { deltaY, bubbles: true, cancelable: true }));
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""


def scrolled(browser: Browser, url: str, book: Book) -> dict[str, Any]:
    """Images a second without anybody looking, and then what a witness says of every frame."""
    window = Viewer(browser, url).open(book)
    window.until_all(SLICES, PATIENCE)
    window.walk(range(SLICES))
    told = window.page.evaluate(WHEEL, 300)
    window.witness(TAG)
    window.page.evaluate(WHEEL, 240)
    seen = window.told()
    window.close()
    rate = 1000 * told["changes"] / told["ms"]
    return {"rate": rate, "wrong": len(seen["wrong"]), "indexes": len(seen["indexes"])}


def opened(browser: Browser, url: str, book: Book, whole: bool) -> tuple[float, float]:
    """Seconds until the first image; with `whole`, MiB of JavaScript's heap when all has come."""
    window = Viewer(browser, url)
    began = time.monotonic()
    window.open(book)
    window.until_shown(0, PATIENCE)
    took = time.monotonic() - began
    heap = 0.0
    if whole:
        window.until_all(len(book.instances), PATIENCE)
        heap = window.page.evaluate("performance.memory.usedJSHeapSize") / 2**20
    window.close()
    return took, heap


def run(rounds: int) -> dict[str, Any]:
    with ThrowawayOrthanc() as orthanc, sync_playwright() as playwright:
        shelf = Shelf(orthanc.url)
        bars = shelf.add(Barred(TAG, SLICES, SIDE))
        few = shelf.add(phantom.ct_series(FEW, SMALL, SMALL))
        label = phantom.Label(number=2)
        many = shelf.add(phantom.ct_series(MANY, SMALL, SMALL, label=label))
        with (
            ProxyProcess(orthanc.url, free_port()) as proxy,
            playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS) as browser,
        ):
            scroll = scrolled(browser, proxy.url, bars)
            times: dict[int, list[float]] = {FEW: [], MANY: []}
            for number in range(rounds + 1):
                for book in (few, many):
                    took, _ = opened(browser, proxy.url, book, whole=False)
                    if number:
                        times[len(book.instances)].append(took)
            heaps = {len(b.instances): opened(browser, proxy.url, b, True)[1] for b in (few, many)}
    return {"scroll": scroll, "seconds": times, "heap": heaps}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scrolling", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    found = run(options.rounds)
    scroll = found["scroll"]
    few, many = (statistics.median(found["seconds"][count]) for count in (FEW, MANY))
    print(
        f"scroll: {scroll['rate']:.0f} images/s, {scroll['wrong']} wrong of {scroll['indexes']} "
        f"indexes seen; load before {load_before:.1f}"
    )
    head = ["slices", "first image, s", "heap when all are there, MiB"]
    rows = [
        [count, " ".join(f"{one:.2f}" for one in found["seconds"][count]), f"{heap:.0f}"]
        for count, heap in found["heap"].items()
    ]
    print(report.table(head, rows))
    print(f"2 000 beside 200: {many / few:.2f}")
    report.keep("scrolling", {"load_before": load_before, **found})
    missed = scroll["rate"] < GOAL_RATE or scroll["wrong"] > 0 or many > GOAL_RATIO * few
    sys.exit(missed)


if __name__ == "__main__":
    main()
