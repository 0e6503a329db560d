"""First picture and 100 slices in a real browser: our viewer against the library's own loader.

`python -m bench.browser [--rounds 5] [--slices 100]`
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import BrowserType, sync_playwright

from bench import report
from bench.front import SOURCES, build_page, front
from pacs_proxy.demo import phantom
from pacs_proxy.demo.load import load
from pacs_proxy.demo.orthanc import ThrowawayOrthanc, free_port
from pacs_proxy.demo.proxy import ProxyProcess
from tests.fakes.link import Link

GOAL = 1.1
# Smaller than the series, so that reading it in turn never meets a file again.
COLD_SPOOL = 40 << 20
# 20 Mbit/s and 40 ms there and back, as a reader at home has them.
LATENCY, RATE = 0.02, 2.5e6
PATIENCE_MS = 120_000
# A new profile makes Chromium busy with itself for a moment.
SETTLE_MS = 1000
FLAGS = [
    "--no-sandbox",
    "--enable-unsafe-swiftshader",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWERS = ("ours", "wadouri")
SLOW = "20 Mbit/s + 40 ms"
# Half a minute each, and the line's width leaves little to chance.
SLOW_ROUNDS = 3


@dataclass(frozen=True)
class Series:
    """What both viewers open."""

    study: str
    series: str
    count: int

    def page(self, viewer: str) -> str:
        return {
            "ours": f"/#/studies/{self.study}/series/{self.series}",
            "wadouri": f"/wadouri/#{self.series}",
        }[viewer]


@dataclass(frozen=True)
class Marks:
    """Milliseconds from navigation to the first picture drawn, and to all slices there."""

    first: float
    all: float


Figures = dict[str, dict[str, list[Marks]]]


def opened(chromium: BrowserType, url: str, count: int) -> Marks:
    """One visit with a profile nobody used before: in memory, an incognito one caches less."""
    watch = (SOURCES / "watch.js").read_text().replace("COUNT", str(count))
    with tempfile.TemporaryDirectory(prefix="bench-browser-") as profile:
        context = chromium.launch_persistent_context(
            profile,
            executable_path="/usr/bin/chromium",
            args=FLAGS,
            viewport={"width": 1280, "height": 800},
        )
        try:
            context.add_init_script(watch)
            page = context.pages[0]
            page.wait_for_timeout(SETTLE_MS)
            page.goto(url, wait_until="commit")
            reached = "() => window.__marks?.first && window.__marks?.all || window.__marks?.failed"
            page.wait_for_function(reached, timeout=PATIENCE_MS, polling=100)
            marks = page.evaluate("() => window.__marks")
        finally:
            context.close()
    if marks["failed"]:
        raise RuntimeError(f"{marks['failed']} slices failed at {url}")
    return Marks(marks["first"], marks["all"])


@contextlib.contextmanager
def conditions(orthanc: ThrowawayOrthanc) -> Iterator[dict[str, str]]:
    """URLs of the same archive: with a warm spool, a cold one, and over a home line."""
    with contextlib.ExitStack() as stack:
        small = {"PACS_PROXY_SPOOL_BYTES": str(COLD_SPOOL)}
        warm = stack.enter_context(ProxyProcess(orthanc.url, free_port()))
        cold = stack.enter_context(ProxyProcess(orthanc.url, free_port(), small))
        quick, slow = stack.enter_context(front(warm.url)), stack.enter_context(front(cold.url))
        line = stack.enter_context(Link("127.0.0.1", quick, LATENCY, RATE))
        yield {
            "loopback": f"http://127.0.0.1:{quick}",
            "loopback, cold spool": f"http://127.0.0.1:{slow}",
            SLOW: line.url,
        }


def run(rounds: int, slices: int, wanted: Sequence[str]) -> Figures:
    """Every viewer has its turn in every round."""
    build_page()
    with ThrowawayOrthanc() as orthanc, sync_playwright() as playwright:
        series = stored(orthanc.url, slices)
        with conditions(orthanc) as all_urls:
            urls = {name: url for name, url in all_urls.items() if name in (wanted or all_urls)}
            figures: Figures = {name: {viewer: [] for viewer in VIEWERS} for name in urls}
            for number, name, viewer in visits(rounds, list(urls)):
                url = urls[name] + series.page(viewer)
                marks = opened(playwright.chromium, url, series.count)
                if number >= 0:
                    figures[name][viewer].append(marks)
    return figures


def visits(rounds: int, names: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Round, condition, viewer: the viewers are first by turns; round -1 warms up."""
    for number in range(-1, rounds):
        for name in names:
            if name != SLOW or number < SLOW_ROUNDS:
                turn = VIEWERS if number % 2 else VIEWERS[::-1]
                yield from ((number, name, viewer) for viewer in turn)


def stored(url: str, slices: int) -> Series:
    """A CT of 512 x 512, 16 bits."""
    first = load(url, [phantom.ct_series(slices, 512, 512)]).instances[0]
    series = _parent(url, f"/instances/{first}", "ParentSeries")
    return Series(_parent(url, f"/series/{series}", "ParentStudy"), series, slices)


def _parent(url: str, path: str, name: str) -> str:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return str(json.load(connection.getresponse())[name])


def rows(figures: Figures) -> list[list[str]]:
    """For each condition and goal: ours, theirs, the ratio, and how far the rounds lay apart."""
    found = []
    for condition, by_viewer in figures.items():
        for goal in ("first", "all"):
            values = [[getattr(one, goal) for one in by_viewer[viewer]] for viewer in VIEWERS]
            ours, theirs = map(statistics.median, values)
            spread = [f"{min(v):.0f}-{max(v):.0f}" for v in values]
            cells = [f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.2f}", *spread]
            found.append([condition, goal, *cells])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.browser", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slices", type=int, default=100)
    parser.add_argument("--only", action="append", default=[], help="a condition, by its name")
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    figures = run(options.rounds, options.slices, options.only)
    head = ["condition", "until", "ours ms", "wadouri ms", "ratio", "ours", "wadouri"]
    print(report.table(head, rows(figures)))
    kept = {c: {v: [vars(m) for m in ms] for v, ms in f.items()} for c, f in figures.items()}
    about = {"options": vars(options), "load_before": load_before, "goal": GOAL}
    report.keep("browser", {**about, "figures": kept, "table": rows(figures)})
    near = [row for row in rows(figures) if row[0] == "loopback"]
    sys.exit(any(float(row[4]) > GOAL for row in near))


if __name__ == "__main__":
    main()
