"""The two roles under large files: what the edge writes (nothing), what both hold, what waits.

`python -m bench.edge [--files 5] [--megabytes 500] [--huge 2048]`
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random

from bench import report
from bench.processes import Growth, own_memory
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.sender import Sender
from tests.split import Edge, Services
from tests.web.trace import written

MIB = 1 << 20
CHUNK = 8 * MIB
GOALS = {"web": 120 * MIB, "services": 150 * MIB}
GET_GOAL = 0.5
ID = orthanc_id("bench", "edge")


@dataclass(frozen=True)
class Phase:
    """One phase's figures; memory is the highest of any process of the role, in bytes."""

    name: str
    megabytes: int
    seconds: float
    web_written: int
    web_memory: int
    services_memory: int
    gets: int
    get_median: float
    get_slowest: float


class Pair:
    """Both roles, and what their processes show."""

    def __init__(self, services: Services, edge: Edge) -> None:
        self.services, self.edge = services, edge
        self.web = [edge.pid, *edge.workers]
        self.data = [services.pid, *services.workers]

    def measured(self, name: str, megabytes: int, work: Callable[[], None]) -> Phase:
        """`work` done, while somebody asks for a short answer over and over."""
        before, waits, over = written(self.web), list[float](), threading.Event()
        asker = threading.Thread(target=self._ask, args=(waits, over), daemon=True)
        with Growth([*self.web, *self.data]) as growth:
            asker.start()
            began = time.monotonic()
            work()
            seconds = time.monotonic() - began
            over.set()
            asker.join()
        peak = {pid: growth.before[pid] + growth.peak[pid] for pid in growth.before}
        return Phase(
            name,
            megabytes,
            seconds,
            written(self.web) - before,
            max(peak[pid] for pid in self.web),
            max(peak[pid] for pid in self.data),
            len(waits),
            statistics.median(waits),
            max(waits),
        )

    def _ask(self, waits: list[float], over: threading.Event) -> None:
        while not over.is_set():
            began = time.monotonic()
            self.edge.get("/api/uploads/limits")
            waits.append(time.monotonic() - began)
            over.wait(0.05)


@contextlib.contextmanager
def running(size: int) -> Iterator[Pair]:
    """An archive with one file of that size, the data side on a real disk, and the edge."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-edge-", dir="/var/tmp") as disk,
        FakeOrthanc() as orthanc,
    ):
        orthanc.add(ID, bytes(128) + b"DICM" + Random(1).randbytes(1 << 20) * size)
        services = Services(orthanc.url, workers=2, upload_disk_reserve=0)
        services.env["PACS_PROXY_DATA_DIR"] = disk
        with services, Edge(services.url, workers=2) as edge:
            Sender(edge.url).create(1)
            yield Pair(services, edge)


def uploads(edge: Edge, files: int, megabytes: int) -> None:
    """So many files at once, in chunks with their checksums."""
    chunk, failed = Random(2).randbytes(CHUNK), list[str]()

    def send() -> None:
        sender, chunks = Sender(edge.url), megabytes * MIB // CHUNK
        where = sender.create(chunks * CHUNK)
        for number in range(chunks):
            answer = sender.patch(where, number * CHUNK, chunk)
            if answer.status != 204:
                failed.append(f"{answer.status} {answer.body[:200]!r}")
                return

    together([threading.Thread(target=send) for _ in range(files)])
    if failed:
        raise RuntimeError(f"An upload failed: {failed[0]}")


def downloads(edge: Edge, readers: int) -> None:
    """So many readers at once; each counts and digests what it gets."""
    digests: list[str] = []

    def read() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=60)
        connection.request("GET", f"/api/pacs/instances/{ID}/file")
        answer, digest = connection.getresponse(), hashlib.md5()
        while piece := answer.read(MIB):
            digest.update(piece)
        tag = f'"md5-{digest.hexdigest()}"'
        digests.append("exact" if tag == answer.headers["ETag"] else "other")
        connection.close()

    together([threading.Thread(target=read) for _ in range(readers)])
    if digests != ["exact"] * readers:
        raise RuntimeError("A download was not exact.")


def together(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def row(phase: Phase) -> list[object]:
    return [
        phase.name,
        f"{phase.seconds:.1f}",
        f"{phase.megabytes / phase.seconds:.0f}",
        phase.web_written,
        f"{phase.web_memory / MIB:.0f}",
        f"{phase.services_memory / MIB:.0f}",
        f"{phase.get_median * 1000:.0f} / {phase.get_slowest * 1000:.0f}",
    ]


def is_good(phase: Phase) -> bool:
    return (
        phase.web_written == 0
        and phase.web_memory <= GOALS["web"]
        and phase.services_memory <= GOALS["services"]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--huge", type=int, default=2048)
    given = parser.parse_args()
    many, size = given.files * given.megabytes, given.megabytes
    with running(size) as pair:
        resting = own_memory(pair.edge.workers[0])
        plan: list[tuple[str, int, Callable[[], None]]] = [
            (f"{given.files} x {size} MB up", many, lambda: uploads(pair.edge, given.files, size)),
            (f"{given.huge} MB up", given.huge, lambda: uploads(pair.edge, 1, given.huge)),
            (f"{given.files} x {size} MB down", many, lambda: downloads(pair.edge, given.files)),
        ]
        phases = [pair.measured(*each) for each in plan]
    head = ["phase", "s", "MB/s", "web wrote, B", "web, MiB", "services, MiB", "GET median/max, ms"]
    print(report.table(head, [row(phase) for phase in phases]))
    print(f"A web worker at rest: {resting / MIB:.0f} MiB. Goals: web wrote 0 B, web <= 120 MiB,")
    print(f"services <= 150 MiB, a GET meanwhile <= {GET_GOAL * 1000:.0f} ms.")
    report.keep("edge", {"phases": [asdict(phase) for phase in phases], "resting": resting})
    return 0 if all(is_good(phase) for phase in phases) else 1


if __name__ == "__main__":
    sys.exit(main())
