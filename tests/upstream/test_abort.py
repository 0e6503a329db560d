"""A connection broken off is over for the archive too, at once."""

import select
import socket

import pytest

from pacs_proxy.upstream.interest import Abandoned, Interest
from pacs_proxy.upstream.pace import Pace
from pacs_proxy.upstream.pool import Link, Node, Pool
from pacs_proxy.upstream.transport import Request, Transport
from tests.waiting import PATIENCE


def test_an_archive_whose_answer_is_broken_off_need_not_finish_sending() -> None:
    """Else one whose line to us is full goes on offering its bytes for a minute."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        link = Link(Node("127.0.0.1", door.getsockname()[1]), None)
        link.connect(5)
        archive, _ = door.accept()
        with archive:
            link.abort()
            link.close()
            poller = select.poll()
            poller.register(archive, 0)
            # POLLHUP: neither direction exists any more; a plain goodbye leaves ours to them open.
            assert [event for _, event in poller.poll(PATIENCE * 1000) if event & select.POLLHUP]


def test_nothing_is_asked_for_a_client_that_left_while_we_connected() -> None:
    interest = Interest()

    class Slow(Link):
        def _connected(self, seconds: float) -> socket.socket:
            sock = super()._connected(seconds)
            interest.lose()
            return sock

    class Far(Pool):
        def unused(self) -> Link:
            return Slow(self.node, None)

    with socket.create_server(("127.0.0.1", 0)) as door:
        pool = Far(Node("127.0.0.1", door.getsockname()[1]), 1, idle_seconds=5)
        transport = Transport((pool,), Pace(1, 1, 1, 1, 1), 5, {})
        with pytest.raises(Abandoned):
            transport.send(0, Request("/system"), interest)
        archive, _ = door.accept()
        with archive:
            archive.settimeout(PATIENCE)
            assert archive.recv(1) == b""
