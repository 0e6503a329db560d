"""gunicorn's worker, staying with a busy connection: a reader's next request follows in a moment.

gthread hands a connection back to its main thread after every request, which costs more than
serving a verified file does.
"""

from __future__ import annotations

import select
import socket
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# A thread that waits for a silent reader is a thread less for the others: long while most are free.
_LINGER_MILLISECONDS, _CROWDED_MILLISECONDS = 100, 2


class LingeringWorker(ThreadWorker):  # type: ignore[misc]
    """gthread that lingers."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # Its size is read by all threads, and each changes only its own connection's place in it.
        self._staying: set[Any] = set()

    def handle(self, conn: Any) -> Any:
        """As gthread does, and again while the next request is already there."""
        self._staying.add(conn)
        try:
            result = self._one(conn)
            while result is True and self.alive and self._has_more(conn.sock):
                result = self._one(conn)
            return result
        finally:
            self._staying.discard(conn)

    def _one(self, conn: Any) -> Any:
        """Answer one request; True when the connection may be used again."""
        return super().handle(conn)

    def _has_more(self, sock: socket.socket) -> bool:
        is_crowded = 2 * len(self._staying) > self.cfg.threads
        poller = select.poll()
        poller.register(sock, select.POLLIN)
        return bool(poller.poll(_CROWDED_MILLISECONDS if is_crowded else _LINGER_MILLISECONDS))
