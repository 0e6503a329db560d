"""What asking who it is costs a warm reader, and whether a wrong name is refused sooner.

`python -m bench.door [--rounds 7] [--seconds 3] [--tries 60]`
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import sqlite3
import statistics
import time
from collections.abc import Mapping

from bench import report
from bench.audit import INSTANCES, SIZE, add, cost
from pacs_proxy import doorkeeper
from pacs_proxy.access.attempts import MOST
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.settings import Settings
from tests.fakes import FakeOrthanc
from tests.server import Proxy

PASSWORD = "a horse, a battery"
JSON = {"Content-Type": "application/json"}


def warm(rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """Medians of the same server with and without the door, the two taking turns."""
    with contextlib.ExitStack() as stack:
        orthanc = stack.enter_context(FakeOrthanc())
        ids = [add(orthanc, "one", number, SIZE) for number in range(INSTANCES)]
        paths = [f"/api/pacs/instances/{id_}/file" for id_ in ids]
        server = stack.enter_context(Proxy(orthanc.url, workers=2))
        guarded = stack.enter_context(Proxy(orthanc.url, workers=2, sign_in=1))
        doorkeeper.add_user(Settings(data_dir=str(guarded.data)), "ann", "reader", PASSWORD)
        there = Settings(data_dir=str(guarded.data))
        doorkeeper.add_user(there, "bob", "reader", PASSWORD)
        doorkeeper.restrict_user(there, "bob", Restriction.of(modalities=["CT"]))
        parties: dict[str, tuple[Proxy, Mapping[str, str]]] = {
            "nobody asked": (server, {}),
            "session asked": (guarded, {"Cookie": cookie(guarded, "ann")}),
            "restricted": (guarded, {"Cookie": cookie(guarded, "bob")}),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in parties}
        for party, headers in parties.values():
            cost(party, paths, seconds, headers)
        for _ in range(rounds):
            for name, (party, headers) in parties.items():
                found[name].append(cost(party, paths, seconds, headers))
    return {
        name: {
            "rate": statistics.median(rate for rate, _ in figures),
            "us_per_request": statistics.median(spent for _, spent in figures),
        }
        for name, figures in found.items()
    }


def cookie(server: Proxy, name: str) -> str:
    """Of a session that begins."""
    answer = tried(server, name, PASSWORD)
    return (answer.getheader("Set-Cookie") or "").partition(";")[0]


def tried(server: Proxy, name: str, password: str) -> http.client.HTTPResponse:
    """One sign-in, and its answer read."""
    connection = server.connect()
    body = json.dumps({"name": name, "password": password})
    connection.request("POST", "/api/session", body, JSON)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def refusals(tries: int) -> dict[str, float]:
    """Median milliseconds until a wrong password is refused: of a user there is, and of none.

    Names take turns in random order; each is tried once, so that no limit is met.
    """
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, workers=1, sign_in=1) as server:
        there = Settings(data_dir=str(server.data))
        for number in range(-(-tries // (MOST - 1))):
            doorkeeper.add_user(there, f"known-{number}", "reader", PASSWORD)
        asked = [(kind, n) for n in range(tries) for kind in times]
        random.Random(4).shuffle(asked)
        for kind, number in asked:
            forget(server)
            began = time.perf_counter()
            answer = tried(server, f"{kind}-{number // (MOST - 1)}", "not the password")
            times[kind].append((time.perf_counter() - began) * 1000)
            assert answer.status == 401, answer.status
    found = {kind: statistics.median(some) for kind, some in times.items()}
    return {**found, "difference": abs(found["known"] / found["unknown"] - 1)}


def forget(server: Proxy) -> None:
    """Nobody waits a quarter of an hour here."""
    with contextlib.closing(sqlite3.connect(server.data / "pacs-proxy.db")) as plain:
        plain.execute("DELETE FROM attempts")
        plain.commit()


def main() -> None:
    """Print the tables; keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--tries", type=int, default=60)
    asked = parser.parse_args()
    costs, times = warm(asked.rounds, asked.seconds), refusals(asked.tries)
    [first, *_] = costs
    head = ["512 KB, 16 connections", "req/s", "processor, us a request", "without / with"]
    base = costs[first]["us_per_request"]
    rows = [
        [
            name,
            f"{f['rate']:.0f}",
            f"{f['us_per_request']:.0f}",
            f"{base / f['us_per_request']:.2f}",
        ]
        for name, f in costs.items()
    ]
    print(report.table(head, rows))
    print(report.table(list(times), [[f"{value:.3f}" for value in times.values()]]))
    report.keep("door", {"costs": costs, "refusals": times})


if __name__ == "__main__":
    main()
