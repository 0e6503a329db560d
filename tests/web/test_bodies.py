"""A body read straight from its socket: what came is kept, and none is read in two ways."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from gunicorn.http.body import Body as Framed
from gunicorn.http.body import LengthReader
from gunicorn.http.unreader import SocketUnreader

from pacs_proxy.errors import BodyCut, BodyStalled
from pacs_proxy.upstream.watch import Watch
from pacs_proxy.web.bodies import Body
from tests.waiting import PATIENCE

LENGTH = 100_000
SILENCE = 0.2


@dataclass
class Line:
    """A request whose body is to come, and the client that sends it."""

    client: socket.socket
    body: Body
    framed: Framed


@pytest.fixture
def line() -> Iterator[Line]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        client = socket.create_connection(door.getsockname(), PATIENCE)
        server, _ = door.accept()
    framed = Framed(LengthReader(SocketUnreader(server), LENGTH))
    environ = {
        "wsgi.input": framed,
        "wsgi.input_terminated": True,
        "gunicorn.socket": server,
        "CONTENT_LENGTH": str(LENGTH),
    }
    watch = Watch()
    with (
        client,
        server,
        Flask("x").test_request_context(method="PATCH", environ_overrides=environ),
        Body(SILENCE, watch).paced() as body,
    ):
        yield Line(client, body, framed)
    watch.close()


def test_what_came_before_a_silence_is_kept(line: Line) -> None:
    line.client.sendall(b"x" * 5000)
    assert line.body.read(LENGTH) == b"x" * 5000
    for _ in range(2):
        with pytest.raises(BodyStalled):
            line.body.read(LENGTH)
    assert line.framed.failed


def test_what_came_before_a_reset_is_kept(line: Line) -> None:
    line.client.sendall(b"x" * 5000)
    line.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.client.close()
    assert line.body.read(LENGTH) == b"x" * 5000
    with pytest.raises(BodyCut):
        line.body.read(LENGTH)
    assert line.framed.failed


def test_behind_a_body_that_ended_early_no_request_begins(line: Line) -> None:
    """Where it would begin nobody knows: the rest of the body may still come."""
    line.client.sendall(b"x" * 5000)
    line.client.shutdown(socket.SHUT_WR)
    assert line.body.read(LENGTH) == b"x" * 5000
    assert line.framed.failed


def test_a_whole_body_leaves_its_connection_to_the_next_request(line: Line) -> None:
    line.client.sendall(b"x" * LENGTH + b"GET")
    heard = b""
    while piece := line.body.read(LENGTH):
        heard += piece
    assert (heard, line.framed.failed) == (b"x" * LENGTH, False)
