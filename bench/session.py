"""A reader's session under 5 % faults, by the clock: opens, scrolls, measures, switches, compares.

`python -m bench.session [--minutes 30] [--seed 1]`; every picture is compared with the stored file.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from random import Random

from playwright.sync_api import Request, sync_playwright

from bench import report
from bench.browser import FLAGS
from pacs_proxy.demo.orthanc import ThrowawayOrthanc, free_port
from pacs_proxy.demo.proxy import ProxyProcess
from tests.e2e.shelf import Book, Shelf, is_drawn_right
from tests.e2e.slices import Barred
from tests.e2e.textured import Textured
from tests.e2e.viewer import Viewer
from tests.fakes.link import Link
from tests.fakes.trouble import Storm

COUNT, SIDE = 24, 192
PATIENTS = 12
# Of memory for pictures, so that a study read again comes over the line again, and meets faults.
LIMIT_MIB = 8
# A trouble every fifteenth file of 74 kB; the goal counts every request for an image.
EVERY = 15 * 74_000
GOAL_FAULTS = 0.05
AGAIN = 0.2
IMAGES = ("/display", "/compact")
PATIENCE = 60.0
# What the page may hold more at the end than after its first minute.
GROWTH_MIB = 64.0


@dataclass
class Told:
    """What came of it."""

    rounds: int = 0
    pictures: int = 0
    wrong: int = 0
    not_come: int = 0
    measured: int = 0
    fetched: int = 0
    met: int = 0
    errors: list[str] = field(default_factory=list)
    heap: list[float] = field(default_factory=list)


class Reading:
    """One reader, whose choices are the seed's."""

    def __init__(self, window: Viewer, shelf: Shelf, books: list[Book], seed: int) -> None:
        self.window, self.shelf, self.books = window, shelf, books
        self.random, self.told = Random(seed), Told()
        window.page.on("request", self.asked)

    def asked(self, request: Request) -> None:
        """Of an image: once for each try, and for each piece that was missing."""
        self.told.fetched += request.url.endswith(IMAGES)

    def one_round(self) -> None:
        """A series opened, scrolled, measured, laid beside another, left."""
        book = self.next()
        self.window.go_to(book)
        self.window.until("s.panes().some((p) => p.active && p.series === x)", book.series)
        self.scroll(book)
        self.measure()
        self.compare()
        if self.random.random() < 0.3:
            self.window.go_to_list()
        self.told.rounds += 1
        heap = "performance.memory.usedJSHeapSize"
        self.told.heap.append(float(self.window.page.evaluate(heap)) / 2**20)

    def next(self) -> Book:
        """The next on the list, and now and then one that was read before."""
        read = self.told.rounds
        again = self.random.random() < AGAIN
        at = self.random.randrange(read) if read > 0 and again else read
        return self.books[at % len(self.books)]

    def scroll(self, book: Book) -> None:
        count = len(book.instances)
        asked = [self.random.randrange(count) for _ in range(8)]
        for drawn in self.window.walk(asked, PATIENCE):
            self.told.pictures += 1
            if drawn is None:
                self.told.not_come += 1
            elif not is_drawn_right(self.shelf, drawn):
                self.told.wrong += 1

    def measure(self) -> None:
        """A length across the middle, counted by the page, and taken away again."""
        page = self.window.page
        box = page.locator(".picture").first.bounding_box()
        assert box
        page.keyboard.press("l")
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x - 40, y)
        page.mouse.down()
        page.mouse.move(x + 40, y + 20, steps=4)
        page.mouse.up()
        self.told.measured += int(page.evaluate("window.__pacsProxy.marks().length > 0"))
        page.keyboard.press("Delete")

    def compare(self) -> None:
        """Beside another series or the prior, and back to one."""
        page = self.window.page
        page.keyboard.press("Control+2")
        page.wait_for_timeout(self.random.randrange(200, 800))
        page.keyboard.press("Control+1")


def stored(shelf: Shelf) -> list[Book]:
    """A day's list; every patient has a prior, and bars tell at a glance which slice is meant."""
    bars = [shelf.add(Barred(tag, COUNT, SIDE)) for tag in (6, 7)]
    return bars + [shelf.add(one) for n in range(PATIENTS) for one in patient(n)]


def patient(number: int) -> tuple[Textured, Textured]:
    """What is to be read, and what was read a year before."""
    now = Textured(
        study=100 + number,
        count=COUNT,
        rows=SIDE,
        columns=SIDE,
        description="Axial",
        patient=f"SESSION-{number}",
    )
    return now, replace(now, study=200 + number, date="20250101")


def run(minutes: float, seed: int) -> Told:
    with ThrowawayOrthanc() as orthanc, sync_playwright() as playwright:
        shelf = Shelf(orthanc.url)
        books = stored(shelf)
        with (
            ProxyProcess(orthanc.url, free_port()) as proxy,
            Link("127.0.0.1", int(proxy.url.rstrip("/").rpartition(":")[2])) as line,
            playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS) as browser,
        ):
            window = Viewer(browser, line.url, 1440)
            limit = f"localStorage['pacs-preference:pictures'] = '{LIMIT_MIB}'"
            window.context.add_init_script(limit)
            window.open(books[0])
            window.until_shown(0, PATIENCE)
            line.weather = Storm(seed, EVERY)
            line.cut()
            reading = Reading(window, shelf, books, seed)
            until = time.monotonic() + 60 * minutes
            while time.monotonic() < until:
                reading.one_round()
            reading.told.errors, reading.told.met = window.errors, len(line.met)
            window.close()
            return reading.told


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.session", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    told = run(options.minutes, options.seed)
    early = max(told.heap[: max(1, len(told.heap) // 10)])
    growth = told.heap[-1] - early
    head = ["rounds", "pictures", "wrong", "not in 60 s", "measured", "images asked for",
            "faults met", "errors"]  # fmt: skip
    rows = [[told.rounds, told.pictures, told.wrong, told.not_come, told.measured, told.fetched,
             told.met, len(told.errors)]]  # fmt: skip
    print(report.table(head, rows))
    share = told.met / max(1, told.fetched)
    print(f"faults: {100 * share:.1f} % of the requests for images")
    print(f"heap {early:.0f} MiB at first, {max(told.heap):.0f} at most, {growth:+.0f} at the end")
    report.keep("session", {"options": vars(options), "load_before": load_before, **asdict(told)})
    sys.exit(bool(told.wrong or told.errors) or growth > GROWTH_MIB or share < GOAL_FAULTS)


if __name__ == "__main__":
    main()
