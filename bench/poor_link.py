"""A study over 2 Mbit/s and 300 ms that breaks three times a minute: how long, what comes twice.

`python -m bench.poor_link [--slices 50]`
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from playwright.sync_api import Browser, sync_playwright

from bench import report
from bench.browser import FLAGS
from pacs_proxy.demo import phantom
from pacs_proxy.demo.orthanc import ThrowawayOrthanc, free_port
from pacs_proxy.demo.proxy import ProxyProcess
from tests.e2e.shelf import Book, Shelf, is_drawn_right
from tests.e2e.viewer import Viewer
from tests.fakes.link import Link

LATENCY, RATE = 0.15, 250_000.0
# The first one meets a page that has drawn its first image; then three a minute.
FIRST_CUT, EVERY = 10.0, 20.0
PATIENCE = 600.0
GOAL_FIRST, GOAL_TWICE = 6.0, 0.02


@dataclass(frozen=True)
class Visit:
    """Seconds from navigation; bytes that the line took in on their way to the browser."""

    first: float
    all: float
    wrong: int
    cuts: int
    resumed: int
    carried: int


@contextlib.contextmanager
def weather(line: Link, cuts: list[float], breaks: bool) -> Iterator[None]:
    """Breaks every connection of the line at its times, if it `breaks` at all."""
    over = threading.Event()

    def cut() -> None:
        wait = FIRST_CUT
        while not over.wait(wait):
            cuts.append(time.monotonic())
            line.cut()
            wait = EVERY

    thread = threading.Thread(target=cut, daemon=True)
    if breaks:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if breaks:
            thread.join()


def visited(browser: Browser, port: int, shelf: Shelf, book: Book, breaks: bool) -> Visit:
    """One visit with an empty cache; every slice's pixels are compared with the stored ones."""
    count = len(book.instances)
    cuts: list[float] = []
    with Link("127.0.0.1", port, LATENCY, RATE) as line:
        window = Viewer(browser, line.url, pace="")
        began = time.monotonic()
        with weather(line, cuts, breaks):
            window.open(book)
            window.until("s.wanted() === x && s.imageId() !== null", 0, PATIENCE)
            first = time.monotonic() - began
            window.until_all(count, PATIENCE)
            took = time.monotonic() - began
        carried = line.carried["down"]
        drawn = window.walk(range(count), PATIENCE)
        wrong = sum(not is_drawn_right(shelf, one) for one in drawn)
        resumed = survived(window)
        window.close()
    return Visit(first, took, wrong, len(cuts), resumed, carried)


def survived(window: Viewer) -> int:
    """What the page itself says of breaks."""
    window.page.locator(".network-chip").click()
    return int(window.page.locator("dt:has-text('Breaks survived') + dd").inner_text())


def run(slices: int) -> tuple[Visit, Visit]:
    """The same visit twice: without a break, then with them."""
    with ThrowawayOrthanc() as orthanc, sync_playwright() as playwright:
        shelf = Shelf(orthanc.url)
        book = shelf.add(phantom.ct_series(slices, 512, 512))
        with (
            ProxyProcess(orthanc.url, free_port()) as proxy,
            playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS) as browser,
        ):
            port = int(proxy.url.rstrip("/").rpartition(":")[2])
            whole = visited(browser, port, shelf, book, breaks=False)
            return whole, visited(browser, port, shelf, book, breaks=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.poor_link", description=__doc__)
    parser.add_argument("--slices", type=int, default=50)
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    whole, cut = run(options.slices)
    twice = cut.carried / whole.carried - 1
    head = ["line", "first s", "all s", "wrong", "cuts", "breaks survived", "MB"]
    rows = [
        [
            name,
            f"{v.first:.1f}",
            f"{v.all:.1f}",
            v.wrong,
            v.cuts,
            v.resumed,
            f"{v.carried / 1e6:.2f}",
        ]
        for name, v in (("whole", whole), ("breaking", cut))
    ]
    print(report.table(head, rows))
    print(f"sent twice: {twice:.2%}; load before {load_before:.1f}")
    kept = {"whole": asdict(whole), "breaking": asdict(cut), "twice": twice}
    report.keep("poor_link", {"options": vars(options), "load_before": load_before, **kept})
    sys.exit(cut.first > GOAL_FIRST or cut.wrong > 0 or twice > GOAL_TWICE)


if __name__ == "__main__":
    main()
