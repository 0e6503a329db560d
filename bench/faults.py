"""Fetches through a seeded mix of faults: how many are exact, and what that costs.

`python -m bench.faults [--fetches 10000] [--seed 1] [--rate 0.2] [--no-ranges]`
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from bench import report
from pacs_proxy.demo.orthanc import free_port
from pacs_proxy.demo.proxy import ProxyProcess

INSTANCES = 400
CONNECTIONS = 16
# Smaller than the working set, so that reading in turn never meets a file again.
SPOOL = 24 << 20
LIMIT_AMPLIFICATION = 1.05


class Archive:
    """The fake archive's process."""

    def __init__(self, ranges: bool) -> None:
        command = [sys.executable, "-m", "bench.faulty_archive", str(INSTANCES)]
        self._process = subprocess.Popen(
            [*command, "ranges" if ranges else "whole"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        hello = self._heard()
        self.url: str = hello["url"]
        self.instances: dict[str, str] = hello["instances"]

    def counted(self, **weather: float) -> dict[str, Any]:
        """What was asked since the last change of weather."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(weather) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout
        heard: dict[str, Any] = json.loads(self._process.stdout.readline())
        return heard


@dataclass
class Tally:
    """What became of the fetches of one run."""

    exact: int = 0
    wrong: int = 0
    failed: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(self, outcome: str, seconds: float) -> None:
        """`outcome` is exact, wrong, or what failed."""
        self.seconds.append(seconds)
        if outcome in {"exact", "wrong"}:
            setattr(self, outcome, getattr(self, outcome) + 1)
        else:
            self.failed += 1
            self.failures[outcome] += 1

    def milliseconds(self, share: float) -> float:
        """The latency that this share of the fetches stayed below."""
        ordered = sorted(self.seconds)
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


class Readers:
    """Connections that fetch in turn what is left, each a browser's."""

    def __init__(self, port: int, instances: Mapping[str, str], fetches: int) -> None:
        self._port, self._lock, self.tally = port, threading.Lock(), Tally()
        self._left = islice(_in_turn(instances), fetches)

    def run(self) -> Tally:
        threads = [threading.Thread(target=self._read) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.tally

    def _read(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while (wanted := self._next()) is not None:
            began = time.perf_counter()
            outcome = fetched(connection, *wanted)
            seconds = time.perf_counter() - began
            with self._lock:
                self.tally.add(outcome, seconds)
        connection.close()

    def _next(self) -> tuple[str, str] | None:
        with self._lock:
            return next(self._left, None)


def _in_turn(instances: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    while True:
        yield from instances.items()


def fetched(connection: http.client.HTTPConnection, instance: str, md5: str) -> str:
    """Whether one fetch brought the exact bytes, wrong ones, or why none."""
    try:
        connection.request("GET", f"/api/pacs/instances/{instance}/file")
        answer = connection.getresponse()
        data = answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return type(error).__name__
    if answer.status != 200:
        return f"{answer.status} {json.loads(data).get('code')}"
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return "exact" if digest == md5 else "wrong"


@dataclass(frozen=True)
class Run:
    """One run's figures."""

    name: str
    exact: int
    wrong: int
    failed: int
    failures: dict[str, int]
    requests: int
    bodies: int
    per_fetch: float
    p50: float
    p99: float
    p999: float
    seconds: float
    faults: dict[str, int]


def run(name: str, archive: Archive, port: int, fetches: int, **weather: float) -> Run:
    archive.counted(**weather)
    began = time.perf_counter()
    tally = Readers(port, archive.instances, fetches).run()
    seconds = time.perf_counter() - began
    counted = archive.counted()
    requests = sum(counted["requests"].values())
    return Run(
        name,
        tally.exact,
        tally.wrong,
        tally.failed,
        dict(tally.failures),
        requests,
        counted["requests"].get("data", 0),
        round(requests / fetches, 4),
        tally.milliseconds(0.5),
        tally.milliseconds(0.99),
        tally.milliseconds(0.999),
        round(seconds, 1),
        counted["faults"],
    )


def measured(options: argparse.Namespace) -> list[Run]:
    """A clean run and a faulty one of the same length, through the same server."""
    with contextlib.closing(Archive(options.ranges)) as archive:
        port = free_port()
        extra = {"PACS_PROXY_WORKERS": "2", "PACS_PROXY_SPOOL_BYTES": str(SPOOL)}
        with ProxyProcess(archive.url, port, extra):
            weather = {"seed": options.seed, "rate": 0.0}
            # The last ones, so that they have left the spool when their turn comes.
            last = dict(list(archive.instances.items())[-2 * CONNECTIONS :])
            Readers(port, last, 2 * CONNECTIONS).run()
            clean = run("clean", archive, port, options.fetches, **weather)
            weather["rate"] = options.rate
            return [clean, run("faulty", archive, port, options.fetches, **weather)]


def amplification(clean: Run, faulty: Run) -> dict[str, float]:
    """Requests upstream compared with the clean run: all of them, and those for bodies."""
    return {
        "requests": round(faulty.requests / clean.requests, 4),
        "bodies": round(faulty.bodies / clean.bodies, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.faults")
    parser.add_argument("--fetches", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.2)
    parser.add_argument("--ranges", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    clean, faulty = runs = measured(options)
    head = ["run", "exact", "wrong", "failed", "requests a fetch", "p50 ms", "p99 ms", "p99.9 ms"]
    rows = [[r.name, r.exact, r.wrong, r.failed, r.per_fetch, r.p50, r.p99, r.p999] for r in runs]
    more, floor = amplification(clean, faulty), LIMIT_AMPLIFICATION / (1 - options.rate)
    print(report.table(head, rows))
    print(f"\namplification {more} (goal: at most {floor:.4f}); failures {faulty.failures}")
    print(f"faults met {faulty.faults}")
    figures = {"options": vars(options), "amplification": more, "goal": round(floor, 4)}
    report.keep("faults", {**figures, "runs": [asdict(r) for r in runs]})
    sys.exit(bool(faulty.wrong or faulty.failed))


if __name__ == "__main__":
    main()
