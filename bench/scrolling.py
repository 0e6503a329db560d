"""How quickly cached slices follow the wheel, and what 2 000 slices cost to open beside 200.

`python -m bench.scrolling [--rounds 3] [--ways best graphics]`; beside it the library alone, in
the same browser. Two minutes on a quiet machine with `--ways best`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from bench import report
from bench.browser import FLAGS
from bench.front import build_page, front
from pacs_proxy.demo.load import load
from pacs_proxy.demo.orthanc import ThrowawayOrthanc, free_port
from pacs_proxy.demo.proxy import ProxyProcess
from tests.e2e.shelf import Book, Shelf
from tests.e2e.slices import Barred
from tests.e2e.textured import Textured
from tests.e2e.viewer import Viewer

SLICES, SIDE, TAG = 60, 480, 3
FEW, MANY, SMALL = 200, 2000, 128
GOAL_RATE, GOAL_RATIO = 50.0, 1.2
# Of decoded pictures, and what the page may take beside them when all have come.
LIMIT_MIB, BESIDE_MIB = 16, 128
# Before, while counting, and before a witness; an imitated card draws a few a second.
FRAMES = {"best": (60, 300, 120), "graphics": (10, 50, 60)}
WIDTH = 1280
PATIENCE = 120.0
# One notch a frame, as browsers hand them out: between frames, down and up again.
WHEEL = """(frames) => new Promise((resolve) => {
  const seam = window.__pacsProxy, picture = document.querySelector('.picture');
  const { port1, port2 } = new MessageChannel();
  let left = frames, changes = 0, last = seam.seen(), down = true;
  const began = performance.now();
  port1.onmessage = () => {
    if (seam.wanted() === 59) down = false;
    if (seam.wanted() === 0) down = true;
    const deltaY = down ? 100 : -100;
    picture.dispatchEvent(new WheelEvent('wheel', { deltaY, bubbles: true, cancelable: true }));
  };
  const frame = () => {
    const now = seam.seen();
    if (now !== null && now !== last) { changes += 1; last = now; }
    if (left-- === 0) return resolve({ changes, ms: performance.now() - began });
    port2.postMessage(0);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""


@dataclass(frozen=True)
class Place:
    """Where the viewer is, and the bare page behind the same front."""

    browser: Browser
    url: str
    front: str


@dataclass(frozen=True)
class Books:
    """What is opened: bars to tell a wrong picture by, a short series and a long one."""

    bars: Book
    few: Book
    many: Book


def scrolled(place: Place, book: Book, way: str) -> dict[str, Any]:
    """Images a second without anybody looking, and then what a witness says of every frame."""
    window = Viewer(place.browser, place.url, WIDTH, drawing=way).open(book)
    window.until_all(SLICES, PATIENCE)
    window.walk(range(SLICES))
    _, counted, witnessed = FRAMES[way]
    told = window.page.evaluate(WHEEL, counted)
    canvas = (
        "(({ width, height }) => ({ width, height }))(document.querySelector('.canvas canvas'))"
    )
    size: ViewportSize = window.page.evaluate(canvas)
    window.witness(TAG)
    window.page.evaluate(WHEEL, witnessed)
    seen = window.told()
    window.close()
    found = {"rate": rate(told), "wrong": len(seen["wrong"]), "indexes": len(seen["indexes"])}
    return {**found, "size": size, "bare": alone(place, book, way, size)}


def alone(place: Place, book: Book, way: str, size: ViewportSize) -> float:
    """The library's own images a second, in a window as large as our picture was."""
    page = place.browser.new_page(viewport=size)
    query = "?processor" if way == "best" else ""
    page.goto(f"{place.front}wadouri/{query}#{book.series}")
    page.wait_for_function(f"window.__wadouri?.loaded === {SLICES}", timeout=PATIENCE * 1000)
    scrolled = "(frames) => window.__wadouri.scrolled(frames)"
    before, counted, _ = FRAMES[way]
    page.evaluate(scrolled, before)
    told = page.evaluate(scrolled, counted)
    page.close()
    return rate(told)


def rate(told: dict[str, float]) -> float:
    return 1000 * told["changes"] / told["ms"]


def opened(place: Place, book: Book) -> float:
    """Seconds until the first image is there, its tools, and the answer to a key."""
    window = Viewer(place.browser, place.url, drawing="best")
    began = time.monotonic()
    window.open(book)
    window.until_shown(0, PATIENCE)
    window.page.keyboard.press("ArrowDown")
    window.until_shown(1, PATIENCE)
    took = time.monotonic() - began
    window.close()
    return took


def filled(place: Place, book: Book) -> dict[str, float]:
    """MiB after a walk from end to end, under a limit that the series does not fit in."""
    window = Viewer(place.browser, place.url, drawing="best")
    window.context.add_init_script(f"localStorage['pacs-preference:pictures'] = '{LIMIT_MIB}'")
    window.open(book)
    count, held = len(book.instances), 0.0
    for index in range(0, count, count // 20):
        window.show(index)
        window.until_shown(index, PATIENCE)
        held = max(held, window.page.evaluate("window.__pacsProxy.memory().held") / 2**20)
    heap = window.page.evaluate("performance.memory.usedJSHeapSize") / 2**20
    window.close()
    return {"pictures": held, "heap": heap}


def stored(orthanc: ThrowawayOrthanc) -> Books:
    shelf = Shelf(orthanc.url)
    bars = shelf.add(Barred(TAG, SLICES, SIDE))
    few, many = (book(shelf, orthanc, n, count) for n, count in enumerate((FEW, MANY)))
    return Books(bars, few, many)


def book(shelf: Shelf, orthanc: ThrowawayOrthanc, number: int, count: int) -> Book:
    """Small slices, several at a time."""
    made = Textured(study=20 + number, count=count, rows=SMALL, columns=SMALL)
    instances = load(orthanc.url, [made]).instances
    series = str(shelf.asked(f"instances/{instances[0]}")["ParentSeries"])
    return Book(str(shelf.asked(f"series/{series}")["ParentStudy"]), series, instances)


@contextlib.contextmanager
def placed(orthanc: ThrowawayOrthanc) -> Iterator[Place]:
    build_page()
    with (
        ProxyProcess(orthanc.url, free_port()) as proxy,
        front(proxy.url) as port,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS) as browser,
    ):
        yield Place(browser, proxy.url, f"http://127.0.0.1:{port}/")


def run(rounds: int, ways: list[str]) -> dict[str, Any]:
    with ThrowawayOrthanc() as orthanc:
        books = stored(orthanc)
        with placed(orthanc) as place:
            scroll = {way: told(place, books.bars, way) for way in ways}
            times: dict[int, list[float]] = {FEW: [], MANY: []}
            for number in range(rounds + 1):
                for count, one in ((FEW, books.few), (MANY, books.many)):
                    took = opened(place, one)
                    if number:
                        times[count].append(took)
            many, few = (statistics.median(times[count]) for count in (MANY, FEW))
            print(report.table(["slices", "open, s"], [[c, *map("{:.2f}".format, times[c])]
                                                       for c in times]))  # fmt: skip
            print(f"2 000 beside 200: {many / few:.2f}", flush=True)
            memory = filled(place, books.many)
    return {"scroll": scroll, "seconds": times, "ratio": many / few, "memory": memory}


def told(place: Place, bars: Book, way: str) -> dict[str, Any]:
    """One way's figures, printed as they come."""
    found = scrolled(place, bars, way)
    print(
        f"{way}: {found['rate']:.1f} images/s, the library alone {found['bare']:.1f}; "
        f"{found['wrong']} wrong, {found['indexes']} indexes seen, {found['size']}",
        flush=True,
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scrolling", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=FRAMES, default=list(FRAMES))
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    found = run(options.rounds, options.ways)
    memory = found["memory"]
    print(
        f"memory: pictures {memory['pictures']:.1f} MiB of {LIMIT_MIB} allowed, heap "
        f"{memory['heap']:.0f} MiB; load before {load_before:.1f}"
    )
    report.keep("scrolling", {"load_before": load_before, **found})
    wrong = sum(one["wrong"] for one in found["scroll"].values())
    over = memory["pictures"] > LIMIT_MIB or memory["heap"] > BESIDE_MIB
    slow = any(one["rate"] < GOAL_RATE for way, one in found["scroll"].items() if way == "best")
    sys.exit(slow or wrong > 0 or found["ratio"] > GOAL_RATIO or over)


if __name__ == "__main__":
    main()
