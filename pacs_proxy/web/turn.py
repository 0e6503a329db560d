"""A request's time on its connection; once it is over, that is the next request's.

A watched interest may outlive its request: an error that was raised keeps what it passed through.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

Environ = dict[str, Any]

_KEY = "pacs_proxy.turn"


class Turn:
    """Whoever finds that its session has ended may end the connection with `cut`."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock: socket.socket | None = sock
        self._lock = threading.Lock()

    def cut(self) -> bool:
        """End the connection, unless the turn is over; whether it did."""
        with self._lock:
            if self._sock is None:
                return False
            with suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
            return True

    def end(self) -> None:
        """From now on nothing is cut."""
        with self._lock:
            self._sock = None


def begin(environ: Environ, sock: socket.socket) -> Turn:
    """The turn of this request."""
    turn: Turn = environ.setdefault(_KEY, Turn(sock))
    return turn


def end(environ: Environ) -> None:
    """The request is answered, or broke off."""
    turn = environ.pop(_KEY, None)
    if turn is not None:
        turn.end()
