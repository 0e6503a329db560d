"""gunicorn's worker, staying with a busy connection: a reader's next request follows in a moment.

gthread hands a connection back to its main thread after every request, which costs more than
serving a verified file does. What gunicorn refuses by itself is answered as everything else is: its
own page has none of our headers, and both that page and its log line would repeat the request.
"""

from __future__ import annotations

import ctypes
import logging
import os
import select
import signal
import socket
import ssl
import sys
from contextlib import suppress
from typing import Any

from gunicorn.http import errors as foreign
from gunicorn.workers.gthread import ThreadWorker

from pacs_proxy.errors import PacsProxyError
from pacs_proxy.errors.wire import (
    AddressTooLong,
    EncodingUnknown,
    ExpectationRefused,
    HeadersTooLarge,
    Unintelligible,
)
from pacs_proxy.services import problems
from pacs_proxy.services.headers import head, name_request

# A thread that waits for a silent reader is a thread less for the others: long while most are free.
_LINGER_MILLISECONDS, _CROWDED_MILLISECONDS = 100, 2

_DIE_WITH_PARENT = 1

_REASONS: tuple[tuple[type[Exception], type[PacsProxyError]], ...] = (
    (foreign.LimitRequestLine, AddressTooLong),
    (foreign.LimitRequestHeaders, HeadersTooLarge),
    (foreign.ExpectationFailed, ExpectationRefused),
    (foreign.UnsupportedTransferCoding, EncodingUnknown),
    (foreign.ParseException, Unintelligible),
    (ssl.SSLError, Unintelligible),
)
_SAID = "This is not a request as this server reads it; nothing of it was acted upon."

log = logging.getLogger(__name__)


class LingeringWorker(ThreadWorker):  # type: ignore[misc]
    """gthread that lingers."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # Its size is read by all threads, and each changes only its own connection's place in it.
        self._staying: set[Any] = set()

    def init_process(self) -> None:
        """As gthread does, and never outlives the master: an orphan keeps port and folders shut.

        What it had begun is what any `kill -9` leaves, and goes on when the next one has started.
        """
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != self.ppid:
            sys.exit("The master has died.")
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """As gthread does, and again while the next request is already there."""
        self._staying.add(conn)
        try:
            result = self._one(conn)
            while result is True and self.alive and self._has_more(conn):
                result = self._one(conn)
            if result is False:
                _part(conn)
            return result
        finally:
            self._staying.discard(conn)

    def handle_error(self, _: object, client: socket.socket, __: object, exc: Exception) -> None:
        """What gunicorn says to bytes that are no request, and to an application that failed."""
        name_request()
        error = _refusal(exc)
        answer = problems.problem(error) if error else problems.unexpected(exc)
        log.warning("refused", extra={"error": type(exc).__name__, "status": answer.status_code})
        data = answer.get_data()
        headers = {**dict(answer.headers), "Content-Length": str(len(data))}
        with suppress(OSError):
            client.setblocking(False)
            client.send(head(answer.status_code, headers, "close") + data)

    def _one(self, conn: Any) -> Any:
        """Answer one request; True when the connection may be used again."""
        return super().handle(conn)

    def _has_more(self, conn: Any) -> bool:
        if has_read_ahead(conn):
            return True
        is_crowded = 2 * len(self._staying) > self.cfg.threads
        poller = select.poll()
        poller.register(conn.sock, select.POLLIN)
        return bool(poller.poll(_CROWDED_MILLISECONDS if is_crowded else _LINGER_MILLISECONDS))


def _part(conn: Any) -> None:
    """Close it here, after a look whether the client closes too.

    gunicorn would look in its main thread: everybody waited two seconds for one who stays, and
    where an answer had broken off it counted the connection as closed twice.
    """
    with suppress(OSError):
        conn.close(graceful=True)
    conn.close = _is_closed


def _is_closed(*_: object, **__: object) -> None:
    """In place of a second closing."""


def has_read_ahead(conn: Any) -> bool:
    """Whether gunicorn holds bytes of the next request: they came with the last of a body."""
    return not conn.is_http2 and bool(conn.parser.unreader.buf.getbuffer().nbytes)


def _refusal(exc: Exception) -> PacsProxyError | None:
    if isinstance(exc, foreign.InvalidResponseHeader | foreign.InvalidResponseHeaderName):
        return None
    for kind, error in _REASONS:
        if isinstance(exc, kind):
            return error(_SAID)
    return None
