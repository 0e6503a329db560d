"""Clients that leave free the archive within a second, and leave nothing behind (C1, C2)."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from tests.fakes import Always, FakeOrthanc, Never, Scripted, faults
from tests.fakes.exchange import Fault
from tests.fakes.listener import hear
from tests.fakes.store import orthanc_id
from tests.server import Proxy
from tests.waiting import PATIENCE, until

SMALL = bytes(128) + b"DICM" + Random(8).randbytes(200_000)
LARGE = bytes(128) + b"DICM" + Random(9).randbytes(12 << 20)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[FakeOrthanc, Proxy]]:
    """Patient: what frees the archive here is never a time limit."""
    patient = {"stall_seconds": 60, "stall_floor_seconds": 60, "first_byte_seconds": 60}
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, threads=24, **patient) as server:
        yield orthanc, server


def asking(server: Proxy, instance: str, *, known: bool = False) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    if known:  # by the server, which then takes requests straight from the socket
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        hear(sock)
    sock.sendall(
        f"GET /api/pacs/instances/{instance}/file HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    )
    return sock


def busy(orthanc: FakeOrthanc) -> Callable[[], bool]:
    """Connections on which a stalled answer is under way."""
    return lambda: orthanc.counts["data"] > 0


def spooled(server: Proxy) -> set[str]:
    return {path.name for path in (server.spool / "files").iterdir()}


@pytest.mark.parametrize("fault", [faults.stall_after(0.5), faults.stall_before_headers()], ids=str)
@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
def test_a_stalled_archive_is_freed_within_a_second(
    orthanc: FakeOrthanc, server: Proxy, instance: str, fault: Fault, data: bytes, known: bool
) -> None:
    orthanc.add(instance, data)
    # Which study it belongs to is asked once; an idle connection of that question would be counted.
    server.get(f"/api/pacs/instances/{instance}/file", method="HEAD")
    assert orthanc.wait_for(0)
    orthanc.plan, before = Always(fault), spooled(server)
    sock = asking(server, instance, known=known)
    until(busy(orthanc))
    sock.close()
    assert until(lambda: orthanc.connections == 0) < 30
    orthanc.plan = Never()
    # Who comes while what was broken off is not cleared away yet shares its end.
    until(lambda: spooled(server) <= before)
    assert server.file(instance).body == data


def test_a_question_is_broken_off_too(orthanc: FakeOrthanc, server: Proxy, instance: str) -> None:
    orthanc.add(instance, SMALL)
    orthanc.plan = Always(faults.stall_before_headers(), routes={"info"})
    sock = asking(server, instance)
    until(lambda: orthanc.counts["info"])
    sock.close()
    assert until(lambda: orthanc.connections == 0) < 30


def test_a_client_in_the_queue_never_bothers_the_archive(
    orthanc: FakeOrthanc, server: Proxy
) -> None:
    """C2: the pool of 36 bodies is full, and 20 threads wait behind it or not at all."""
    ids = [orthanc_id("queue", str(number)) for number in range(60)]
    for id_ in ids:
        orthanc.add(id_, SMALL)
    orthanc.plan = Always(faults.stall_before_headers())
    socks = [asking(server, id_) for id_ in ids]
    until(lambda: orthanc.counts["data"] >= 20)
    for sock in socks:
        sock.close()
    until(lambda: orthanc.connections == 0)
    asked = orthanc.counts["data"]
    orthanc.plan = Never()
    assert server.get("/healthz").status == 200
    assert orthanc.counts["data"] - asked <= 4


def open_files(server: Proxy) -> int:
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in server.workers)  # noqa: PTH208


def resident(server: Proxy) -> int:
    """Kilobytes."""
    return sum(
        int(line.split()[1])
        for pid in server.workers
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )


def abort_some(orthanc: FakeOrthanc, server: Proxy, count: int, seed: int) -> None:
    """Some leave before the answer, some in its middle, some of a stalled archive."""
    random, ids = Random(seed), [orthanc_id("abort", str(n)) for n in range(20)]
    for id_ in ids:
        orthanc.add(id_, LARGE if random.random() < 0.2 else SMALL)
    stalls = [random.choice([None, None, faults.stall_after(0.5)]) for _ in range(count)]
    orthanc.plan = Scripted(stalls)
    for start in range(0, count, 20):
        socks = [asking(server, random.choice(ids)) for _ in range(min(20, count - start))]
        for sock in socks:
            if random.random() < 0.5:
                sock.settimeout(0.02)
                with suppress(TimeoutError):
                    sock.recv(1 << 16)
            sock.close()
    orthanc.plan = Never()


def test_a_thousand_departures_leave_nothing_behind(
    orthanc: FakeOrthanc, server: Proxy, instance: str
) -> None:
    abort_some(orthanc, server, 200, 1)
    until(lambda: orthanc.connections == 0)
    orthanc.add(instance, SMALL)
    server.file(instance)
    before, memory = open_files(server), resident(server)
    abort_some(orthanc, server, 1000, 2)
    until(lambda: orthanc.connections == 0)
    # Each request closes one connection that lies idle since then.
    until(lambda: server.file(instance).status == 200 and open_files(server) <= before + 2)
    assert resident(server) - memory < 32_000
    assert server.file(instance).body == SMALL
    assert b'"ok"' in server.get("/api/pacs/status").body
