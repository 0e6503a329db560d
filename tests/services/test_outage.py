"""The archive goes away and comes back: nobody sees more of it than a pause, or an honest 503."""

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from tests.conftest import StartProxy
from tests.fakes import Always, Door, FakeOrthanc, Manner, Never, Scripted, faults
from tests.fakes.store import orthanc_id
from tests.server import Proxy
from tests.waiting import PATIENCE, until

SMALL = bytes(128) + b"DICM" + Random(10).randbytes(150_000)
LARGE = bytes(128) + b"DICM" + Random(11).randbytes(12 << 20)


def in_threads(works: list[Callable[[], object]]) -> Callable[[], list[object]]:
    """Start them all; call the result to wait for what they give."""
    results: list[object] = [None] * len(works)

    def run(number: int) -> None:
        try:
            results[number] = works[number]()
        except (OSError, http.client.HTTPException) as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()

    def wait() -> list[object]:
        for thread in threads:
            thread.join()
        return results

    return wait


def is_exact(server: Proxy, instance: str, data: bytes) -> bool:
    return server.file(instance).body == data


def soon(server: Proxy, path: str, wanted: int) -> bool:
    """Whether it did not wait; of several one does not, where the machine alone is slow."""
    began = time.monotonic()
    assert server.get(path).status == wanted
    return time.monotonic() - began < 1.5


def status(server: Proxy) -> str:
    found: str = json.loads(server.get("/api/pacs/status").body)["archive"]
    return found


@pytest.mark.parametrize("ranges", [True, False])
def test_a_crash_under_64_downloads_is_only_a_pause(proxy: StartProxy, ranges: bool) -> None:
    with FakeOrthanc(manner=Manner(ranges=ranges)) as orthanc:
        server = proxy(orthanc.url, workers=2, threads=80)
        ids = [orthanc_id("crash", str(number)) for number in range(64)]
        for id_ in ids:
            orthanc.add(id_, SMALL)
        orthanc.plan = Always(faults.stall_after(0.5))
        answers = in_threads([partial(is_exact, server, id_, SMALL) for id_ in ids])
        until(lambda: orthanc.counts["data"] >= 16)
        orthanc.kill()
        orthanc.plan = Never()
        until(lambda: status(server) == "unreachable")
        orthanc.start()
        assert answers() == [True] * 64
        assert status(server) == "ok"


def test_a_long_outage_is_answered_at_once_and_still_ends(proxy: StartProxy, instance: str) -> None:
    """Nobody asks for an image meanwhile: a viewer that waits asks for the status alone."""
    with FakeOrthanc() as orthanc:
        orthanc.add(instance, SMALL)
        server = proxy(orthanc.url, deadline_seconds=2)
        orthanc.kill()
        assert in_threads([lambda: server.file(instance).status] * 8)() == [503] * 8
        assert status(server) == "unreachable"
        until(lambda: soon(server, f"/api/pacs/instances/{instance}/file", 503))
        answer = server.file(instance)
        assert (answer.status, answer.problem["code"]) == (503, "archive_unreachable")
        assert server.get("/readyz").status == 503
        orthanc.start()
        until(lambda: status(server) == "ok")
        assert server.file(instance).body == SMALL
        assert server.get("/readyz").status == 200


def test_a_stranger_on_the_archives_port_is_not_believed(proxy: StartProxy, instance: str) -> None:
    with FakeOrthanc() as orthanc:
        orthanc.add(instance, SMALL)
        server = proxy(orthanc.url, deadline_seconds=0.3)
        orthanc.kill()
        assert in_threads([lambda: server.file(instance).status] * 8)() == [503] * 8
        assert status(server) == "unreachable"
        orthanc.plan = Always(faults.html_200, routes=None)
        orthanc.start()
        until(lambda: (status(server), orthanc.counts["system"])[1] >= 3)
        assert status(server) == "unreachable"


def test_health_and_status_answer_while_the_archive_hangs(proxy: StartProxy) -> None:
    """Fifty readers wait for an archive that took their connections and says nothing."""
    with FakeOrthanc() as orthanc:
        server = proxy(orthanc.url)
        orthanc.door = Door.HANGING
        ids = [orthanc_id("hang", str(number)) for number in range(50)]
        socks = [asking(server, id_) for id_ in ids]
        try:
            until(lambda: orthanc.connections >= 4)
            for path in ("/healthz", "/api/pacs/status"):
                until(lambda path=path: soon(server, path, 200))  # type: ignore[misc]
        finally:
            for sock in socks:
                sock.close()


def asking(server: Proxy, instance: str) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    target = f"/api/pacs/instances/{instance}/file"
    sock.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return sock


def test_two_workers_fetch_one_instance_once(proxy: StartProxy, instance: str) -> None:
    with FakeOrthanc(Always(faults.slow_first_byte(0.2))) as orthanc:
        orthanc.add(instance, SMALL)
        server = proxy(orthanc.url, workers=2)
        assert len(server.workers) == 2
        wait = in_threads([lambda: server.file(instance).body == SMALL] * 16)
        assert wait() == [True] * 16
        assert orthanc.counts["data"] == 1


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
def test_a_worker_killed_in_a_body_is_a_cut_and_the_next_request_works(
    proxy: StartProxy, instance: str, data: bytes
) -> None:
    """C10."""
    with FakeOrthanc(Scripted([faults.stall_after(0.5)])) as orthanc:
        orthanc.add(instance, data)
        server = proxy(orthanc.url, stall_seconds=30, stall_floor_seconds=30)
        [worker] = server.workers
        wait = in_threads([lambda: server.file(instance).status])
        until(lambda: orthanc.counts["data"] == 1)
        os.kill(worker, signal.SIGKILL)
        [seen] = wait()
        assert isinstance(seen, OSError | http.client.HTTPException)
        server.wait_until_up()
        assert server.file(instance).body == data
        assert server.workers != [worker]


def test_the_other_worker_takes_over_what_a_killed_one_fetched(
    proxy: StartProxy, instance: str
) -> None:
    with FakeOrthanc(Scripted([faults.stall_after(0.5)])) as orthanc:
        orthanc.add(instance, LARGE)
        server = proxy(orthanc.url, workers=2, stall_seconds=30, stall_floor_seconds=30)
        wait = in_threads([lambda: server.file(instance).body == LARGE] * 8)
        until(lambda: orthanc.counts["data"] == 1)
        before = server.workers
        until(lambda: orthanc.counts["info"] == 8)
        os.kill(before[0], signal.SIGKILL)
        os.kill(before[1], signal.SIGKILL)
        assert all(isinstance(seen, OSError | http.client.HTTPException) for seen in wait())
        server.wait_until_up()
        answers = in_threads([lambda: server.file(instance).body == LARGE] * 8)
        assert answers() == [True] * 8


def test_a_terminated_server_ends_what_it_began(proxy: StartProxy, instance: str) -> None:
    """C18: SIGHUP replaces the workers under load, and no download breaks."""
    with FakeOrthanc(Always(faults.slow_first_byte(0.3))) as orthanc:
        ids = [orthanc_id("reload", str(number)) for number in range(24)]
        for id_ in ids:
            orthanc.add(id_, SMALL)
        server = proxy(orthanc.url, workers=2)
        before = server.workers
        answers = in_threads([partial(is_exact, server, id_, SMALL) for id_ in ids])
        until(lambda: orthanc.counts["data"] >= 12)
        os.kill(server.pid, signal.SIGHUP)
        assert answers() == [True] * 24
        until(lambda: not set(server.workers) & set(before))
        assert server.file(ids[0]).body == SMALL
