"""Uploads, proven stored, beside what proves nothing: direct POSTs and dcmsend, in one run.

`python -m bench.uploads [--files 1000] [--rounds 3] [--dicom 100] [--megabytes 2047] [--no-large]`
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench import report
from bench.large import FRAME, Large, store
from bench.processes import Growth, available_memory, own_memory
from bench.sending import Batch, by_dicom, by_packs, by_tus, directly, one_by_tus
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.server import Proxy
from tests.split import Edge, Services

RATIO_GOAL, SILENCE_GOAL = 0.8, 10.0
# What the viewer does with small files, and what other tus clients can do.
OURS = {"packs": "ours in packs", "tus": "ours one by one"}
MEMORY_GOALS = {"edge": 120 << 20, "services": 150 << 20}
# Orthanc holds a file two or three times while it stores it.
LARGE_NEEDS = 6
_LOOK_SECONDS = 0.2


def small_files(numbers: Iterator[int], count: int) -> list[bytes]:
    """`count` instances of 512 KB that no other set has."""
    return [b"".join(Large(next(numbers), 1).pieces()) for _ in range(count)]


def rounds(orthanc: ThrowawayOrthanc, server: Proxy, options: argparse.Namespace) -> dict[str, Any]:
    """Files a second of each way, in turn; the order changes so that none is always first."""
    numbers, rates = iter(range(1, 10_000_000)), dict[str, list[float]]()

    def note(name: str, count: int, seconds: float) -> None:
        rates.setdefault(name, []).append(count / seconds)

    for turn in range(options.rounds):
        for way in ("direct", "packs", "tus")[:: 1 if turn % 2 else -1]:
            files = small_files(numbers, options.files)
            if way == "direct":
                note("4 parallel direct POSTs", len(files), directly(orthanc, files))
            else:
                sent, stored = (by_packs if way == "packs" else by_tus)(server.url, files)
                note(f"{OURS[way]}, sent", len(files), sent)
                note(f"{OURS[way]}, proven stored", len(files), stored)
        if options.dicom:
            files = small_files(numbers, options.dicom)
            note("dcmsend", len(files), by_dicom(orthanc, files))
    return {
        name: {"rates": found, "median": statistics.median(found)} for name, found in rates.items()
    }


class Watch:
    """Follows a batch as the viewer does: the longest time in which nothing visible changed."""

    def __init__(self, batch: Batch) -> None:
        self._batch, self._over = batch, threading.Event()
        self.longest, self.where = 0.0, ""
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        last, since = "", time.monotonic()
        while not self._over.wait(_LOOK_SECONDS):
            news = self._batch.news()
            seen = f"{news['rev']} {news['counts']}"
            now = time.monotonic()
            if now - since > self.longest:
                states = [upload["state"] for upload in news["uploads"]]
                self.longest, self.where = now - since, ",".join(states)
            if seen != last:
                last, since = seen, now


def one_large(orthanc: ThrowawayOrthanc, frames: int, number: int) -> dict[str, Any]:
    """Through both roles, and directly; what every process of ours holds at most."""
    with Services(orthanc.url, workers=2) as services, Edge(services.url, workers=2) as edge:
        pids = dict.fromkeys([services.pid, *services.workers], "services")
        pids |= dict.fromkeys([edge.pid, *edge.workers], "edge")
        edge.get("/api/uploads/limits")
        large, batch = Large(number, frames), Batch(edge.url)
        began = time.monotonic()
        with Growth(list(pids)) as growth, Watch(batch) as watch:
            one_by_tus(edge.url, large, batch)
            sent = time.monotonic() - began
            counts = _done(edge, batch)
        seconds = time.monotonic() - began
        highest = {pid: growth.before[pid] + growth.peak[pid] for pid in pids}
    direct_began = time.monotonic()
    store(orthanc.url, Large(number + 1, frames))
    return {
        "bytes": large.size,
        "sent_seconds": round(sent, 1),
        "stored_seconds": round(seconds, 1),
        "direct_seconds": round(time.monotonic() - direct_began, 1),
        "counts": counts,
        "longest_silence": round(watch.longest, 1),
        "peak_bytes": _by_role(pids, highest),
    }


def _done(server: Proxy, batch: Batch) -> dict[str, int]:
    """Asked on a connection of its own: the watch has the batch's."""
    while True:
        counts: dict[str, int] = json.loads(
            server.get(f"/api/uploads/batches/{batch.id}?rev=999999999").body
        )["counts"]
        if counts["uploads"] and not counts["waiting"]:
            return counts
        time.sleep(_LOOK_SECONDS)


def _by_role(pids: Mapping[int, str], highest: Mapping[int, int]) -> dict[str, int]:
    return {role: max(highest[p] for p, r in pids.items() if r == role) for role in MEMORY_GOALS}


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Both phases; each way stores into the same Orthanc, with the settings we ship."""
    with contextlib.ExitStack() as stack:
        orthanc = stack.enter_context(ThrowawayOrthanc())
        with Proxy(orthanc.url, workers=os.cpu_count() or 2) as server:
            figures: dict[str, Any] = {"small": rounds(orthanc, server, options)}
            figures["small_peak_bytes"] = [own_memory(pid) for pid in server.workers]
    frames = max(1, round(options.megabytes * (1 << 20) / FRAME) - 1)
    if not options.large:
        return figures
    if available_memory() < LARGE_NEEDS * frames * FRAME:
        print("The large file is left out: too little memory is free for Orthanc to hold it.")
        return figures
    with ThrowawayOrthanc() as orthanc:
        figures["large"] = one_large(orthanc, frames, 1)
    return figures


def shown(figures: Mapping[str, Any]) -> None:
    small = figures["small"]
    direct = small["4 parallel direct POSTs"]["median"]
    rows = [
        [name, f"{found['median']:.0f}", f"{found['median'] / direct:.2f}"]
        for name, found in small.items()
    ]
    print(report.table(["512 KB files", "files/s", "/ direct"], rows))
    print(f"goal: proven stored >= {RATIO_GOAL} x direct\n")
    if large := figures.get("large"):
        peak = {role: f"{held / (1 << 20):.0f} MiB" for role, held in large["peak_bytes"].items()}
        print(
            f"{large['bytes'] / 1e6:.0f} MB: sent {large['sent_seconds']} s, proven stored "
            f"{large['stored_seconds']} s, direct {large['direct_seconds']} s; longest time "
            f"without a visible change {large['longest_silence']} s; peak {peak}"
        )


def is_reached(figures: Mapping[str, Any]) -> bool:
    small = figures["small"]
    ratio = (
        small["ours in packs, proven stored"]["median"] / small["4 parallel direct POSTs"]["median"]
    )
    large = figures.get("large")
    if large is None:
        return bool(ratio >= RATIO_GOAL)
    held = all(large["peak_bytes"][role] <= goal for role, goal in MEMORY_GOALS.items())
    return bool(ratio >= RATIO_GOAL and held and large["longest_silence"] <= SILENCE_GOAL)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.uploads", description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dicom", type=int, default=100, help="files by dcmsend; 0: none")
    parser.add_argument("--megabytes", type=float, default=2047)
    parser.add_argument("--large", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    figures = measured(options)
    shown(figures)
    report.keep("uploads", {"options": vars(options), "load_before": load, **figures})
    sys.exit(not is_reached(figures))


if __name__ == "__main__":
    main()
