"""What a worker's memory grows by while large files stream, and what 1 000 departures leave behind.

`python -m bench.memory [--clients 64] [--megabytes 50] [--rate 4] [--no-huge] [--aborts 1000]`
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bench import report
from bench.large import FRAME, Large, Stored, store
from bench.processes import (
    Growth,
    available_memory,
    connections_to,
    descriptors,
    own_memory,
    threads,
)
from bench.readers import Reader
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.server import Proxy

GOAL = 32 << 20
# Orthanc 1.10.1 cannot serve more than 2 GiB; it holds such a file two or three times.
HUGE_FRAMES = (1 << 31) // FRAME - 1
HUGE_NEEDS = 12 << 30
ABORT_FRAMES, ABORT_FILES, ABORTS_AT_ONCE = 20, 16, 8
DEPARTURES = (0, 1, 16 << 10, 4 << 20)
SETTLED = 3.0


@dataclass(frozen=True)
class Streamed:
    """One phase's figures; memory in bytes, for each worker."""

    name: str
    outcomes: dict[str, int]
    refusals: dict[int, int]
    seconds: float
    before: list[int]
    growth: list[int]
    threads: list[int]
    orthanc: int


@contextlib.contextmanager
def served(orthanc: ThrowawayOrthanc, small: Stored) -> Iterator[Proxy]:
    """A fresh proxy that has answered a few requests: what is loaded on first use is loaded."""
    with Proxy(orthanc.url, workers=os.cpu_count() or 2) as proxy:
        reader = Reader(proxy.port, 0)
        with ThreadPoolExecutor(4) as pool:
            outcomes = set(pool.map(reader.read, [small] * 32))
        if outcomes != {"exact"}:
            raise RuntimeError(f"The proxy does not serve: {outcomes}")
        yield proxy


def streamed(
    name: str, orthanc: ThrowawayOrthanc, small: Stored, files: Sequence[Stored], rate: float
) -> Streamed:
    """Every file read once, all at the same time, by a client each."""
    with served(orthanc, small) as proxy:
        reader, pids, began = Reader(proxy.port, rate), proxy.workers, time.monotonic()
        with Growth([*pids, orthanc.pid or 0]) as growth, ThreadPoolExecutor(len(files)) as pool:
            outcomes = Counter(pool.map(reader.read, files))
        if proxy.workers != pids:
            raise RuntimeError("A worker was replaced on the way.")
        return Streamed(
            name,
            dict(outcomes),
            dict(reader.refusals),
            round(time.monotonic() - began, 1),
            [growth.before[pid] for pid in pids],
            [growth.peak[pid] for pid in pids],
            [threads(pid) for pid in pids],
            growth.peak[orthanc.pid or 0],
        )


@dataclass(frozen=True)
class Held:
    """What the server holds at one moment, over all workers."""

    descriptors: int
    connections: int
    threads: int
    memory: int


def held(proxy: Proxy, orthanc: ThrowawayOrthanc) -> Held:
    """Once Orthanc has closed what lies idle, which it does after a second."""
    deadline, pids = time.monotonic() + SETTLED, proxy.workers
    while connections_to(orthanc.http_port) and time.monotonic() < deadline:
        time.sleep(0.05)
    return Held(
        sum(map(descriptors, pids)),
        connections_to(orthanc.http_port),
        sum(map(threads, pids)),
        sum(map(own_memory, pids)),
    )


def left(port: int, wanted: Stored, bytes_read: int) -> None:
    """Ask, read so many bytes (0: not even the head), and be gone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/api/pacs/instances/{wanted.instance}/file")
    if bytes_read:
        with contextlib.suppress(http.client.HTTPException):
            connection.getresponse().read(bytes_read)
    connection.close()


def aborted(
    orthanc: ThrowawayOrthanc, small: Stored, files: Sequence[Stored], count: int
) -> dict[str, Any]:
    """The same number of departures twice: what leaks grows twice, what is lazily made once."""
    with served(orthanc, small) as proxy:
        chance, moments = random.Random(1), [held(proxy, orthanc)]
        for _ in range(2):
            half = itertools.islice(itertools.cycle(files), count // 2)
            work = [(file, chance.choice(DEPARTURES)) for file in half]
            with ThreadPoolExecutor(ABORTS_AT_ONCE) as pool:
                list(pool.map(lambda job: left(proxy.port, *job), work))
            moments.append(held(proxy, orthanc))
        after = Reader(proxy.port, 0).read(files[0])
    return {"aborts": count, "moments": [vars(m) for m in moments], "then": after}


def measured(options: argparse.Namespace) -> tuple[list[Streamed], dict[str, Any]]:
    """All phases on one Orthanc, each with a proxy of its own."""
    frames = max(1, round(options.megabytes * 1e6 / FRAME))
    with ThrowawayOrthanc({"SyncStorageArea": False}) as orthanc:
        small = store(orthanc.url, Large(0, 1))
        files = [store(orthanc.url, Large(n, frames)) for n in range(options.clients)]
        name = f"{options.clients} x {files[0].size / 1e6:.0f} MB"
        phases = [streamed(name, orthanc, small, files, options.rate * 1e6)]
        if options.huge and available_memory() < HUGE_NEEDS:
            print(f"skipped: 2 GiB, for which {HUGE_NEEDS >> 30} GB of memory should be free")
        elif options.huge:
            huge = store(orthanc.url, Large(0, HUGE_FRAMES))
            phases.append(streamed(f"1 x {huge.size} bytes", orthanc, small, [huge], 0))
        some = [store(orthanc.url, Large(n, ABORT_FRAMES)) for n in range(ABORT_FILES)]
        return phases, aborted(orthanc, small, some, options.aborts)


def shown(phases: Sequence[Streamed], left_behind: Mapping[str, Any]) -> None:
    def mega(values: Sequence[int]) -> str:
        return " / ".join(f"{value / (1 << 20):.1f}" for value in values)

    head = ["streamed at once", "outcome", "503", "seconds", "MiB before", "growth", "threads"]
    rows = [
        [p.name, p.outcomes, p.refusals.get(503, 0), p.seconds, mega(p.before), mega(p.growth),
         " / ".join(map(str, p.threads)), mega([p.orthanc])]
        for p in phases
    ]  # fmt: skip
    print(report.table([*head, "Orthanc's own growth"], rows))
    print("growth: peak of RssAnon + RssFile of each worker; goal below 32 MiB\n")
    names = ["before", "after half of them", "after all"]
    cells = [
        [name, m["descriptors"], m["connections"], m["threads"], mega([m["memory"]])]
        for name, m in zip(names, left_behind["moments"], strict=True)
    ]
    aborts = f"{left_behind['aborts']} aborts"
    print(report.table([aborts, "descriptors", "to Orthanc", "threads", "MiB, all workers"], cells))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--megabytes", type=float, default=50)
    parser.add_argument("--rate", type=float, default=4.0, help="MB/s that each client takes")
    parser.add_argument("--huge", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--aborts", type=int, default=1000)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    phases, left_behind = measured(options)
    shown(phases, left_behind)
    kept = {"options": vars(options), "load_before": load, "goal": GOAL}
    report.keep("memory", {**kept, "phases": [vars(p) for p in phases], "aborts": left_behind})
    exact = all(set(p.outcomes) == {"exact"} for p in phases)
    sys.exit(not (exact and all(max(p.growth) < GOAL for p in phases)))


if __name__ == "__main__":
    main()
