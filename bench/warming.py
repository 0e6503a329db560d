"""What it brings a reader that a series of a far archive is fetched ahead.

`python -m bench.warming [--slices 40]`: the archive behind 20 Mbit/s and 100 ms there and back.
The page takes a while to start after it has read the list; then it asks for five images at a time.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from bench import report
from pacs_proxy.demo import phantom
from pacs_proxy.demo.orthanc import ThrowawayOrthanc, free_port
from pacs_proxy.demo.proxy import ProxyProcess
from tests.e2e.shelf import Book, Shelf
from tests.fakes.link import Link

LATENCY, RATE = 0.05, 2.5e6
# bench.poor_link's waterfall: so long the engine takes on 2 Mbit/s, and on a good line.
STARTS = {"2 Mbit/s": 3.0, "near": 0.6}
READER = {"2 Mbit/s": (0.15, 250_000.0), "near": (0.0, None)}
AT_ONCE = 5


@dataclass(frozen=True)
class Visit:
    """Seconds from the first image asked for; `ahead` images were there by then."""

    first: float
    all: float
    ahead: int


def got(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def warmed(port: int) -> int:
    words = got(port, "/metrics").decode().splitlines()
    return int(sum(float(w.split()[-1]) for w in words if w.startswith("pacs_warmed_total")))


def visited(orthanc: str, book: Book, reader: str, series: int) -> Visit:
    """One visit at a server that has nothing yet."""
    upstream = int(orthanc.rstrip("/").rpartition(":")[2])
    latency, rate = READER[reader]
    extra = {"PACS_PROXY_WARM_SERIES": str(series)}
    with (
        Link("127.0.0.1", upstream, LATENCY, RATE) as far,
        ProxyProcess(far.url, free_port(), extra) as proxy,
    ):
        port = int(proxy.url.rstrip("/").rpartition(":")[2])
        with Link("127.0.0.1", port, latency, rate) as line:
            listed = json.loads(got(line.port, f"/api/pacs/series/{book.series}"))
            kind = "compact" if rate else "display"
            paths = [f"/api/pacs/instances/{one['id']}/{kind}" for one in listed["instances"]]
            time.sleep(STARTS[reader])
            ahead, began = warmed(port), time.monotonic()
            got(line.port, paths[0])
            first = time.monotonic() - began
            with ThreadPoolExecutor(AT_ONCE) as readers:
                list(readers.map(lambda path: got(line.port, path), paths[1:]))
            return Visit(first, time.monotonic() - began, ahead)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.warming", description=__doc__)
    parser.add_argument("--slices", type=int, default=40)
    options = parser.parse_args()
    load_before, rows, kept = os.getloadavg()[0], [], {}
    with ThrowawayOrthanc() as orthanc:
        book = Shelf(orthanc.url).add(phantom.ct_series(options.slices, 512, 512))
        for reader in READER:
            for series in (0, 2):
                visit = visited(orthanc.url, book, reader, series)
                name = f"{reader}, {'ahead' if series else 'not ahead'}"
                rows.append([name, f"{visit.first:.2f}", f"{visit.all:.1f}", visit.ahead])
                kept[name] = asdict(visit)
    print(report.table(["reader", "first s", "all s", "there before"], rows))
    print(f"load before {load_before:.1f}")
    report.keep("warming", {"options": vars(options), "load_before": load_before, **kept})


if __name__ == "__main__":
    main()
