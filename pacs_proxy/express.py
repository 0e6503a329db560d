"""gunicorn's worker, with a short way for the requests a scrolling reader sends by the hundred.

gthread hands a connection back to its main thread after every request; parsing, WSGI and framing
around a verified file cost three times what finding and sending it does. Here a thread stays with
a busy connection, and takes such a request straight from the socket. Whatever is not exactly one
is given to gunicorn, byte for byte, with all its rules.
"""

from __future__ import annotations

import logging
import socket
import struct
from typing import Any

from gunicorn_h1c import ParseError, parse_request

from pacs_proxy.lingering import LingeringWorker, has_read_ahead
from pacs_proxy.services.delivery import Answer, FilePart
from pacs_proxy.services.headers import Environ, head, name_request
from pacs_proxy.services.hot import PREFIX, Hot
from pacs_proxy.web import turn
from pacs_proxy.web.exchange import SEND_SECONDS

_LARGEST_HEAD = 8192
_TIMEVAL = struct.pack("ll", int(SEND_SECONDS), 0)
# What frames a body, ends a connection or asks for another protocol is gunicorn's to judge.
_NOT_PLAIN = frozenset(
    {"CONTENT_LENGTH", "TRANSFER_ENCODING", "EXPECT", "UPGRADE", "HTTP2_SETTINGS", "TE", "TRAILER"}
)

log = logging.getLogger(__name__)


class ExpressWorker(LingeringWorker):
    """Lingers, and answers by `Hot` what it can."""

    _hot: Hot | None = None

    def load_wsgi(self) -> None:
        """Called after the fork."""
        super().load_wsgi()
        self._hot = None if self.cfg.is_ssl else Hot.of(self.wsgi)

    def _one(self, conn: Any) -> Any:
        if self._hot is None or not self._may_stay_open(conn):
            return super()._one(conn)
        result = _answered(self._hot, conn)
        return super()._one(conn) if result is None else result

    def _may_stay_open(self, conn: Any) -> bool:
        """Whether gunicorn has made the connection's acquaintance, and would keep it as it is.

        What it has read ahead of the last body begins the next request, and comes before all else.
        """
        return (
            conn.initialized
            and not conn.is_http2
            and not has_read_ahead(conn)
            and self.alive
            and len(self.keepalived_conns) < self.max_keepalived
        )


def _answered(hot: Hot, conn: Any) -> bool | None:
    """True when the connection may be used again, False when not, None when it is gunicorn's."""
    sock: socket.socket = conn.sock
    if sock.gettimeout() is not None:
        sock.settimeout(None)
    if not hasattr(conn, "is_limited"):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEVAL)
        conn.is_limited = True
    data = _received(sock)
    environ = plain_request(data)
    if environ is not None:
        name_request()
        environ["gunicorn.socket"], environ["REMOTE_ADDR"] = sock, conn.client[0]
        try:
            answer = hot.answer(environ)
            if answer is not None:
                return _sent(sock, answer)
        finally:
            turn.end(environ)
    conn.parser.unreader.unread(data)
    return None


def _received(sock: socket.socket) -> bytes:
    try:
        return sock.recv(_LARGEST_HEAD, socket.MSG_DONTWAIT)
    except OSError:
        return b""


def plain_request(data: bytes) -> Environ | None:
    """What a whole GET for a slice says, as PEP 3333 names it; None for everything else."""
    if not data.startswith(PREFIX) or not data.endswith(b"\r\n\r\n"):
        return None
    try:
        parsed = parse_request(data)
    except ParseError:
        return None
    if parsed["consumed"] != len(data) or parsed["minor_version"] != 1:
        return None
    environ = {"REQUEST_METHOD": "GET", "QUERY_STRING": "", "SCRIPT_NAME": ""}
    environ["PATH_INFO"] = parsed["path"].decode("latin-1")
    return environ if _add_headers(environ, parsed["headers"]) else None


def _add_headers(environ: Environ, headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether all of them may be taken as they are."""
    for name, value in headers:
        key = name.decode("latin-1").upper()
        if "_" in key:
            return False
        key = key.replace("-", "_")
        named = f"HTTP_{key}"
        if named in environ or key in _NOT_PLAIN:
            return False
        environ[named] = value.decode("latin-1")
    return bool(environ.get("HTTP_CONNECTION", "keep-alive").lower() == "keep-alive")


def _sent(sock: socket.socket, answer: Answer) -> bool:
    """Whether all of it left; a body that breaks off takes the connection with it."""
    first = head(answer.status, answer.headers)
    try:
        if isinstance(answer.body, FilePart):
            sock.sendall(first, socket.MSG_MORE)
            answer.body.send(sock.fileno())
        else:
            sock.sendall(first)
            for piece in answer.body:
                sock.sendall(piece)
    except OSError:
        return False
    except Exception:
        log.exception("an answer broke off")
        return False
    finally:
        answer.close()
    return True
