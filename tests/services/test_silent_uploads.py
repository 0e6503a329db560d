"""A body that does not come holds nobody: it ends, and what came is kept."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random

import pytest

from tests.fakes import FakeOrthanc, Link
from tests.fakes.listener import hear
from tests.sender import BYTES, Sender
from tests.server import Proxy
from tests.split import Edge, Services
from tests.waiting import PATIENCE, until

DATA = Random(5).randbytes(300_000)
SECONDS = {"upload_body_seconds": 1}


@pytest.fixture(scope="module", params=["directly", "through the edge"])
def sender(request: pytest.FixtureRequest) -> Iterator[Sender]:
    """Elsewhere silence is allowed for longer: a busy machine is silent for a second too."""
    with FakeOrthanc() as orthanc:
        if request.param == "directly":
            with Proxy(orthanc.url, **SECONDS) as server:
                yield Sender(server.url)
        else:
            with (
                Services(orthanc.url, **SECONDS) as services,  # type: ignore[arg-type]
                Edge(services.url, **SECONDS) as edge,  # type: ignore[arg-type]
            ):
                yield Sender(edge.url)


def test_a_silent_body_is_408_and_what_came_is_kept(sender: Sender) -> None:
    where = sender.create(len(DATA))
    whole, began = {**BYTES, "Upload-Offset": "0"}, time.monotonic()
    with sender.begin("PATCH", where, whole, len(DATA), DATA[:5000]) as sock:
        assert hear(sock).status == 408
        assert time.monotonic() - began > 0.9
    until(lambda: goes_on(sender, where))


def goes_on(sender: Sender, where: str) -> bool:
    """Whether all of it is there now; a machine that stands still may be silent once more."""
    at = sender.offset(where)
    return at == len(DATA) or sender.patch(where, at, DATA[at:]).status == 204


@contextmanager
def dripping(sock: socket.socket) -> Iterator[None]:
    """One byte each tenth of a second: never silent, and never done."""
    over = threading.Event()

    def drip() -> None:
        while not over.wait(0.1):
            try:
                sock.send(b"x")
            except OSError:
                return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_dripping_body_does_not_hold_its_thread(sender: Sender) -> None:
    where = sender.create(len(DATA))
    whole, began = {**BYTES, "Upload-Offset": "0"}, time.monotonic()
    with sender.begin("PATCH", where, whole, len(DATA), b"x") as sock, dripping(sock):
        assert hear(sock).status == 408
    assert time.monotonic() - began > 0.9


def test_a_refused_body_that_drips_does_not_hold_it_either(sender: Sender) -> None:
    refused = {"Upload-Length": "9"}
    with sender.begin("POST", "/api/uploads", refused, len(DATA), b"x") as sock, dripping(sock):
        heard = hear(sock, PATIENCE)
    assert (heard.status, heard.end == "quiet") == (412, False)


def test_a_slow_line_is_not_silent(sender: Sender) -> None:
    """Each piece comes in time, here and behind the edge, though all of them take long."""
    where = sender.create(len(DATA))
    with Link(*sender.address, rate=60_000) as line:
        # Longer than silence may last; a machine that stands still is silent too, and cut off.
        until(lambda: is_taken(Sender(line.url), where, DATA[:150_000]))
    assert sender.offset(where) == 150_000


def is_taken(slow: Sender, where: str, data: bytes) -> bool:
    with suppress(OSError):
        return slow.patch_when_free(where, 0, data).status == 204
    return False
