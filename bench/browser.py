"""First picture and 100 slices in a real browser: our viewer against the library's own loader,
and on a home line against OHIF on the archive's DICOMweb.

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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserType, sync_playwright

from bench import report
from bench.front import SOURCES, build_page, front
from bench.ohif import fetch, ohif
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
OHIF = "ohif"
# At most so much of OHIF's time, on that line.
OHIF_GOALS = {"first": 0.35, "all": 0.45}
# Half a minute each, and the line's width leaves little to chance.
SLOW_ROUNDS = 3


@dataclass(frozen=True)
class Series:
    """What both viewers open."""

    study: str
    study_uid: str
    series: str
    count: int

    def page(self, viewer: str) -> str:
        return {
            "ours": f"/#/studies/{self.study}/series/{self.series}",
            "wadouri": f"/wadouri/#{self.series}",
            OHIF: f"/viewer?StudyInstanceUIDs={self.study_uid}",
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
def conditions(orthanc: ThrowawayOrthanc) -> Iterator[dict[str, dict[str, str]]]:
    """URLs of the same archive by viewer: with a warm spool, a cold one, over a home line."""
    with contextlib.ExitStack() as stack:
        small = {"PACS_PROXY_SPOOL_BYTES": str(COLD_SPOOL)}
        warm = stack.enter_context(ProxyProcess(orthanc.url, free_port()))
        cold = stack.enter_context(ProxyProcess(orthanc.url, free_port(), small))
        quick, slow = stack.enter_context(front(warm.url)), stack.enter_context(front(cold.url))
        line = stack.enter_context(Link("127.0.0.1", quick, LATENCY, RATE))
        other = stack.enter_context(ohif(orthanc.url))
        its_line = stack.enter_context(Link("127.0.0.1", other, LATENCY, RATE))
        yield {
            "loopback": dict.fromkeys(VIEWERS, f"http://127.0.0.1:{quick}"),
            "loopback, cold spool": dict.fromkeys(VIEWERS, f"http://127.0.0.1:{slow}"),
            SLOW: {**dict.fromkeys(VIEWERS, line.url), OHIF: its_line.url},
        }


def run(rounds: int, slices: int, wanted: Sequence[str]) -> Figures:
    """Every viewer has its turn in every round."""
    build_page()
    fetch()
    with ThrowawayOrthanc() as orthanc, sync_playwright() as playwright:
        series = stored(orthanc.url, slices)
        with conditions(orthanc) as all_urls:
            urls = {name: url for name, url in all_urls.items() if name in (wanted or all_urls)}
            figures: Figures = {name: {viewer: [] for viewer in by} for name, by in urls.items()}
            for number, name, viewer in visits(rounds, urls):
                url = urls[name][viewer] + series.page(viewer)
                marks = opened(playwright.chromium, url, series.count)
                if number >= 0:
                    figures[name][viewer].append(marks)
    return figures


def visits(rounds: int, urls: Mapping[str, Iterable[str]]) -> Iterator[tuple[int, str, str]]:
    """Round, condition, viewer: the viewers are first by turns; round -1 warms up."""
    for number in range(-1, rounds):
        for name, viewers in urls.items():
            if name != SLOW or number < SLOW_ROUNDS:
                turn = sorted(viewers, reverse=bool(number % 2))
                yield from ((number, name, viewer) for viewer in turn)


def stored(url: str, slices: int) -> Series:
    """A CT of 512 x 512, 16 bits."""
    first = load(url, [phantom.ct_series(slices, 512, 512)]).instances[0]
    series = _told(url, f"/instances/{first}")["ParentSeries"]
    study = _told(url, f"/series/{series}")["ParentStudy"]
    uid = _told(url, f"/studies/{study}")["MainDicomTags"]["StudyInstanceUID"]
    return Series(study, uid, series, slices)


def _told(url: str, path: str) -> Any:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return json.load(connection.getresponse())


def rows(figures: Figures) -> list[list[str]]:
    """For each condition and goal: ours, theirs, the ratio, and how far the rounds lay apart."""
    found = []
    for condition, by_viewer in figures.items():
        for goal in ("first", "all"):
            values = {v: [getattr(one, goal) for one in visits] for v, visits in by_viewer.items()}
            ours = values.pop("ours")
            for other, theirs in values.items():
                ratio = statistics.median(ours) / statistics.median(theirs)
                found.append([condition, goal, _cell(ours), other, _cell(theirs), f"{ratio:.2f}"])
    return found


def _cell(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})"


def missed(table: Sequence[Sequence[str]]) -> bool:
    """Whether a goal was: on loopback against the library's loader, on the line against OHIF."""
    near = [row for row in table if row[0] == "loopback"]
    far = [row for row in table if row[3] == OHIF]
    return any(float(row[5]) > GOAL for row in near) or any(
        float(row[5]) > OHIF_GOALS[row[1]] for row in far
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.browser", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slices", type=int, default=100)
    parser.add_argument("--only", action="append", default=[], help="a condition, by its name")
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    figures = run(options.rounds, options.slices, options.only)
    head = ["condition", "until", "ours ms", "beside", "its ms", "ratio"]
    print(report.table(head, rows(figures)))
    kept = {c: {v: [vars(m) for m in ms] for v, ms in f.items()} for c, f in figures.items()}
    about = {"options": vars(options), "load_before": load_before, "goal": GOAL}
    report.keep("browser", {**about, "figures": kept, "table": rows(figures)})
    sys.exit(missed(rows(figures)))


if __name__ == "__main__":
    main()
