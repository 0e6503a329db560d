"""One large file through a line that does everything wrong, and a folder of thousands.

`python -m bench.upload_link [--megabytes 500] [--files 10000]`: a real browser, our panel, a link
that is cut eight times, refuses for 6 s and stalls for 40 s, a tab closed at 40 %.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import numpy as np
from playwright.sync_api import Browser, sync_playwright
from pydicom import dcmread, dcmwrite

from bench import report
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.slices import Barred
from tests.e2e.uploading import Uploading
from tests.e2e.viewer import Viewer
from tests.fakes.link import Link
from tests.server import Proxy

CHUNK = 8 << 20
MB = 1_000_000
LATENCY, RATE = 0.01, 60e6
CUTS, REFUSED_SECONDS, STALLED_SECONDS = 8, 6, 40
CLOSED_AT = 0.4
PATIENCE = 600.0
STILL_SECONDS, TASK_MS = 10, 200
LONG_TASKS = """() => {
    window.__long = [];
    const note = list => window.__long.push(...list.getEntries().map(({ duration }) => duration));
    new PerformanceObserver(note).observe({ type: 'longtask', buffered: true });
}"""


# Name, what was measured, the goal if there is one, whether it is reached.
Figure = tuple[str, object, object, bool]


@dataclass
class Course:
    """What happened on the way, and what it cost."""

    seconds: float = 0.0
    still: float = 0.0
    twice: int = 0
    troubles: int = 0
    stages: list[str] = field(default_factory=list)
    identical: bool = False


def large_file(folder: Path, megabytes: int) -> Path:
    """A DICOM file of that size whose pixels no line compresses."""
    dataset = dcmread(io.BytesIO(Barred(1, 1)[0]))
    side = int((megabytes * MB / 2) ** 0.5) // 2 * 2
    dataset.Rows = dataset.Columns = side
    noise = np.random.default_rng(7).bytes(side * side * 2)
    dataset.PixelData = noise
    path = folder / "X" / "IM1"
    path.parent.mkdir()
    dcmwrite(path, dataset, enforce_file_format=True)
    return path


def opened(browser: Browser, url: str) -> Uploading:
    window = Viewer(browser, url, 1440)
    window.page.goto(url)
    window.page.locator(".list").wait_for()
    panel = Uploading(window)
    panel.watch_stillness()
    return panel


def until_carried(line: Link, count: float, panel: Uploading) -> None:
    """Until so many bytes have gone up."""
    deadline = time.monotonic() + PATIENCE
    while line.carried["up"] < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Stuck at {line.carried['up']} bytes: {panel.words}")
        panel.page.wait_for_timeout(20)


def torture(browser: Browser, proxy: Proxy, archive: ThrowawayOrthanc, path: Path) -> Course:
    """Send the file once, through everything."""
    size, course, began = path.stat().st_size, Course(), time.monotonic()
    with Link("127.0.0.1", proxy.port, latency=LATENCY, rate=RATE) as line:
        panel = opened(browser, line.url)
        panel.drop(path.parent)
        for part in range(CUTS):
            until_carried(line, size * (0.03 + 0.04 * part), panel)
            line.cut()
            course.troubles += 1
        until_carried(line, size * CLOSED_AT, panel)
        course.still = panel.stillness()
        panel.window.context.pages[0].close()
        panel = again(panel, line, path)
        course.troubles += 1
        wrong(line, panel, course, size)
        panel.page.locator(".reader").wait_for(timeout=PATIENCE * 1000)
        course.still = max(course.still, panel.stillness())
        course.twice = line.carried["up"] - size
        panel.window.close()
    course.seconds = time.monotonic() - began
    course.identical = path_digest(path) in digests(archive)
    return course


def again(panel: Uploading, line: Link, path: Path) -> Uploading:
    """Another tab of the same browser: it knows what was left, and the file is chosen again."""
    page = panel.window.context.new_page()
    panel.window.page = page
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(line.url)
    fresh = Uploading(panel.window)
    fresh.until("^Not finished")
    fresh.watch_stillness()
    fresh.drop(path.parent)
    return fresh


def wrong(line: Link, panel: Uploading, course: Course, size: int) -> None:
    """Refused for a while, later silent for a while."""
    until_carried(line, size * 0.55, panel)
    line.refuse()
    line.cut()
    panel.page.wait_for_timeout(REFUSED_SECONDS * 1000)
    line.accept()
    until_carried(line, size * 0.75, panel)
    line.pause()
    panel.page.wait_for_timeout(STALLED_SECONDS * 1000)
    line.resume()
    course.troubles += 2


def path_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def digests(archive: ThrowawayOrthanc) -> list[str]:
    with urlopen(f"{archive.url}/instances") as answer:
        instances = json.load(answer)
    found = []
    for instance in instances:
        with urlopen(f"{archive.url}/instances/{instance}/attachments/dicom/md5") as answer:
            found.append(answer.read().decode())
    return found


def quiet(browser: Browser, proxy: Proxy, path: Path) -> Course:
    """The same file with nothing wrong: how long no word of the panel changes."""
    course, began = Course(), time.monotonic()
    panel = opened(browser, proxy.url)
    panel.drop(path.parent)
    panel.page.locator(".reader").wait_for(timeout=PATIENCE * 1000)
    course.seconds, course.still = time.monotonic() - began, panel.stillness()
    panel.window.close()
    return course


def thousands(browser: Browser, proxy: Proxy, folder: Path, files: int) -> tuple[float, float, str]:
    """Seconds to look at the folder, the page's longest task in ms, and its counts.

    The task as the reader feels it, waiting for the processor included; none is shorter than 50.
    """
    seed = Barred(2, 1, 12)[0]
    for number in range(files):
        place = folder / "Y" / f"S{number // 500}"
        place.mkdir(parents=True, exist_ok=True)
        is_image = number % 5
        content = seed if is_image else b"not an image"
        (place / f"F{number}").write_bytes(content)
    panel = opened(browser, proxy.url)
    panel.page.evaluate(LONG_TASKS)
    began = time.monotonic()
    panel.drop(folder / "Y")
    panel.until("^Sending", PATIENCE)
    seconds, counts = time.monotonic() - began, panel.page.locator(".batch-size").inner_text()
    longest = float(panel.page.evaluate("Math.max(0, ...window.__long)"))
    panel.page.get_by_text("Cancel upload").click()
    panel.window.close()
    return seconds, longest, counts


def main() -> None:
    """Print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--only", choices=("line", "folder"))
    asked = parser.parse_args()
    figures: list[Figure] = []
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm") as scratch,
        ThrowawayOrthanc() as archive,
        Proxy(archive.url, threads=32, upload_compress_above=1 << 40) as proxy,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser,
    ):
        if asked.only != "folder":
            path = large_file(Path(scratch), asked.megabytes)
            figures += line_figures(
                torture(browser, proxy, archive, path), quiet(browser, proxy, path)
            )
        if asked.only != "line":
            figures += folder_figures(
                *thousands(browser, proxy, Path(scratch), asked.files), asked.files
            )
    rows = [(name, value, "" if goal is None else goal) for name, value, goal, _ in figures]
    print(report.table(("figure", "measured", "goal"), rows))
    kept = {"megabytes": asked.megabytes, "load": os.getloadavg()[0], "rows": rows}
    report.keep("upload_link", kept)
    sys.exit(not all(is_reached for _, _, _, is_reached in figures))


def line_figures(through: Course, plain: Course) -> list[Figure]:
    most = through.troubles * CHUNK / MB
    twice = round(through.twice / MB, 1)
    bad, good = round(through.still, 1), round(plain.still, 1)
    return [
        ("stored byte-identical", through.identical, True, through.identical),
        ("MB sent twice", twice, most, twice <= most),
        ("seconds in all", round(through.seconds), None, True),
        ("seconds without a change of words, bad line", bad, STILL_SECONDS, bad <= STILL_SECONDS),
        (
            "seconds without a change of words, good line",
            good,
            STILL_SECONDS,
            good <= STILL_SECONDS,
        ),
        ("seconds on a good line (already in the archive)", round(plain.seconds), None, True),
    ]


def folder_figures(looked: float, longest: float, counts: str, files: int) -> list[Figure]:
    images = files - len(range(0, files, 5))
    found = _digits(counts)
    right = (found[0], found[-1]) == (str(images), str(files - images))
    return [
        (f"seconds to look at {files} files", round(looked, 1), None, True),
        ("longest task of the page, ms", round(longest), TASK_MS, longest <= TASK_MS),
        ("counts", counts, f"{images} files, {files - images} skipped", right),
    ]


def _digits(counts: str) -> list[str]:
    """Numbers without what groups their digits."""
    return ["".join(filter(str.isdigit, part)) for part in counts.split(",")]


if __name__ == "__main__":
    main()
