"""A connection broken off is over for the archive too, at once."""

import select
import socket

from pacs_proxy.upstream.pool import Link, Node
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
