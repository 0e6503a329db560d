"""A connection broken off is over for the archive too, at once."""

import select
import socket

from pacs_proxy.upstream.pool import Link, Node


def filled(server: socket.socket) -> None:
    """The line towards us holds no byte more."""
    server.setblocking(False)
    poller = select.poll()
    poller.register(server, select.POLLOUT)
    while poller.poll(200):
        server.send(bytes(1 << 16))


def test_an_archive_that_cannot_send_learns_at_once_that_nobody_reads() -> None:
    """Our side reads what is there before it closes, and says no more about its window."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        link = Link(Node("127.0.0.1", door.getsockname()[1]), None)
        link.connect(5)
        server, _ = door.accept()
        with server:
            filled(server)
            link.abort()
            while link.reader.read1(1 << 16):
                pass
            link.close()
            poller = select.poll()
            poller.register(server, 0)
            assert poller.poll(5_000), "it still believes that somebody reads"
