"""What a reconstructed plane takes in a real browser: 512 x 512 x 300 of 16 bits.

Thin and a slab, along the axes and turned, and while a hand turns it.

`python -m bench.planes [--slices 300] [--rounds 9]`
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import time
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench import report
from bench.browser import FLAGS
from pacs_proxy.demo import phantom
from pacs_proxy.demo.orthanc import ThrowawayOrthanc, free_port
from pacs_proxy.demo.proxy import ProxyProcess
from tests.e2e.planes import reconstruct, until
from tests.e2e.shelf import Shelf
from tests.e2e.viewer import Viewer

SIDE = 512
# While it is dragged, a plane may take so long (ms).
GOAL = 100.0
PLANES = ("axial", "coronal", "sagittal")
# Degrees.
TURN = 25
LIES = ("straight", "turned")
DRAGGED = ("dragged thin", "dragged MIP 10 mm")


def stepped(page: Page, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of full cuts of each plane, the wheel turned by one each time."""
    found: dict[str, list[float]] = {name: [] for name in PLANES}
    for number in range(rounds + 1):
        for name in PLANES:
            page.locator(f"[data-plane={name}]").hover(position={"x": 40, "y": 40})
            page.mouse.wheel(0, 120 if number % 2 else -120)
            page.wait_for_function("() => window.__pacsMpr.settled()")
            if number:
                found[name].append(page.evaluate("name => window.__pacsMpr.told().ms[name]", name))
    return found


def turned(page: Page, seconds: float) -> float:
    """Pictures a second of each plane that a hand turns to and fro; in the end they are turned."""
    grips = page.evaluate("window.__pacsMpr.grips('axial')")
    (x, y), (mx, my) = grips[0], (sum(at) / len(grips) for at in zip(*grips, strict=True))
    radius, start = math.hypot(x - mx, y - my), math.atan2(y - my, x - mx)
    page.mouse.move(x, y)
    page.mouse.down()
    before = int(page.evaluate("window.__pacsMpr.told().drawn"))
    began, step = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        step += 1
        angle = start + math.radians(TURN) * math.sin(step / 9)
        page.mouse.move(mx + radius * math.cos(angle), my + radius * math.sin(angle))
        page.evaluate("() => new Promise(requestAnimationFrame)")
    took = time.monotonic() - began
    drawn = int(page.evaluate("window.__pacsMpr.told().drawn")) - before
    angle = start + math.radians(TURN)
    page.mouse.move(mx + radius * math.cos(angle), my + radius * math.sin(angle))
    page.mouse.up()
    page.wait_for_function("() => window.__pacsMpr.settled()")
    return drawn / took / 2


def measured(page: Page, rounds: int) -> dict[str, Any]:
    found: dict[str, Any] = {"straight thin": stepped(page, rounds)}
    projection = page.get_by_label("Projection")
    projection.select_option("max")
    found["straight MIP 10 mm"] = stepped(page, rounds)
    found["dragged MIP 10 mm"] = turned(page, 4)
    found["turned MIP 10 mm"] = stepped(page, rounds)
    projection.select_option("thin")
    found["turned thin"] = stepped(page, rounds)
    found["dragged thin"] = turned(page, 4)
    return found


def run(slices: int, rounds: int) -> dict[str, Any]:
    with ThrowawayOrthanc() as orthanc, sync_playwright() as playwright:
        book = Shelf(orthanc.url).add(phantom.ct_series(slices, SIDE, SIDE))
        with (
            ProxyProcess(orthanc.url, free_port()) as proxy,
            playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS) as browser,
        ):
            window = Viewer(browser, proxy.url, 1440)
            began = time.monotonic()
            reconstruct(window, book)
            until(window, "s.settled()")
            return {"complete after, s": time.monotonic() - began, **measured(window.page, rounds)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.planes", description=__doc__)
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    found = run(options.slices, options.rounds)
    cuts = {what: planes for what, planes in found.items() if isinstance(planes, dict)}
    rows = [
        [what, *(f"{statistics.median(planes[name]):.0f}" for name in PLANES)]
        for what, planes in cuts.items()
    ]
    print(report.table(["ms of a full plane, median", *PLANES], rows))
    for what in DRAGGED:
        print(f"{what}: {found[what]:.1f} pictures a second of each plane")
    print(f"whole volume after {found['complete after, s']:.1f} s; load before {load_before:.1f}")
    report.keep("planes", {"load_before": load_before, "slices": options.slices, **found})
    thin = [statistics.median(cuts[f"{lie} thin"][name]) for lie in LIES for name in PLANES]
    slowest = min(found[what] for what in DRAGGED)
    sys.exit(max(thin) > GOAL or slowest < 1000 / GOAL)


if __name__ == "__main__":
    main()
