"""What the audit journal costs a warm reader, and whether a kill -9 ever hides an access.

`python -m bench.audit [--rounds 7] [--seconds 3] [--kills 200]`
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import random
import signal
import sqlite3
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping

from bench import report
from bench.wrk import measure
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.server import Proxy

INSTANCES, SIZE, CONNECTIONS = 300, 512 << 10, 16
_TICKS = os.sysconf("SC_CLK_TCK")


class Unaudited(Proxy):
    """The same server, whose journal is never asked."""

    def __init__(self, orthanc_url: str, **settings: object) -> None:
        super().__init__(orthanc_url, **settings)
        self.command = [sys.executable, "-m", "bench.unaudited"]


def processor_seconds(server: Proxy) -> float:
    """Of all workers so far."""
    total = 0
    for pid in server.workers:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
            fields = stat.read().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


_NONE: Mapping[str, str] = {}


def cost(
    server: Proxy, paths: list[str], seconds: float, headers: Mapping[str, str] = _NONE
) -> tuple[float, float]:
    """Requests a second, and microseconds of processor a request."""
    before = processor_seconds(server)
    measured = measure(server.url, paths, CONNECTIONS, seconds, headers)
    spent = processor_seconds(server) - before
    return measured.rate, spent / (measured.rate * max(1, round(seconds))) * 1e6


def warm(rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """Medians, the two taking turns."""
    with contextlib.ExitStack() as stack:
        orthanc = stack.enter_context(FakeOrthanc())
        ids = [add(orthanc, "one", number, SIZE) for number in range(INSTANCES)]
        paths = [f"/api/pacs/instances/{id_}/file" for id_ in ids]
        servers = {
            "journal on": stack.enter_context(Proxy(orthanc.url, workers=2)),
            "journal off": stack.enter_context(Unaudited(orthanc.url, workers=2)),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
        for server in servers.values():
            cost(server, paths, seconds)
        for _ in range(rounds):
            for name, server in servers.items():
                found[name].append(cost(server, paths, seconds))
    return {
        name: {
            "rate": statistics.median(rate for rate, _ in figures),
            "us_per_request": statistics.median(spent for _, spent in figures),
        }
        for name, figures in found.items()
    }


def add(orthanc: FakeOrthanc, study: str, number: int, size: int) -> str:
    """An instance of a study."""
    tags = {"StudyInstanceUID": study, "SeriesInstanceUID": study, "PatientID": study}
    tags["Modality"] = "CT"
    instance = orthanc_id(study, str(number))
    orthanc.add(instance, bytes(128) + b"DICM" + random.Random(number).randbytes(size), tags=tags)
    return instance


def killed(kills: int) -> dict[str, int]:
    """Readers open study after study while workers are killed: who saw one, and who is noted."""
    seen: set[str] = set()
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, workers=2) as server:
        numbers = iter(range(10_000_000))
        ending = threading.Event()

        def read() -> None:
            while not ending.is_set():
                study = f"1.2.{next(numbers)}"
                instance = add(orthanc, study, 0, 20_000)
                with contextlib.suppress(OSError, http.client.HTTPException):
                    if first_byte(server, instance):
                        seen.add(study)
                orthanc.store.remove(instance)

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        chance = random.Random(9)
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, 0.6))
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(chance.choice(server.workers), signal.SIGKILL)
        ending.set()
        for reader in readers:
            reader.join()
        written = set(patients(server))
    return {
        "kills": kills,
        "seen": len(seen),
        "noted": len(written),
        "unaudited": len(seen - written),
    }


def first_byte(server: Proxy, instance: str) -> bool:
    """Whether any byte of the file came."""
    connection = server.connect()
    try:
        connection.request("GET", f"/api/pacs/instances/{instance}/file")
        answer = connection.getresponse()
        return answer.status == 200 and bool(answer.read(1))
    finally:
        connection.close()


def patients(server: Proxy) -> Iterator[str]:
    """Whose studies the journal has."""
    with contextlib.closing(sqlite3.connect(server.data / "pacs-proxy.db")) as plain:
        for (patient,) in plain.execute("SELECT patient FROM audit WHERE event = 'study.read'"):
            yield patient


def main() -> None:
    """Print the tables; keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--kills", type=int, default=200)
    asked = parser.parse_args()
    costs, kills = warm(asked.rounds, asked.seconds), killed(asked.kills)
    ratio = costs["journal off"]["us_per_request"] / costs["journal on"]["us_per_request"]
    head = ["512 KB, 16 connections", "req/s", "processor, us a request"]
    rows = [[n, f"{f['rate']:.0f}", f"{f['us_per_request']:.0f}"] for n, f in costs.items()]
    print(report.table(head, rows))
    print(f"without / with: {ratio:.2f}\n")
    print(report.table(list(kills), [list(kills.values())]))
    report.keep("audit", {"costs": costs, "ratio": ratio, "kills": kills})


if __name__ == "__main__":
    main()
