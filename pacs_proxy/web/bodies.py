"""Request bodies: read in pieces at the client's pace, but not slower than we allow."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flask import Response, json, request
from gunicorn.http.body import Body as Framed
from gunicorn.http.body import LengthReader
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException

from pacs_proxy.errors import BadRequest, BodyCut, BodyStalled
from pacs_proxy.errors.uploads import TooLarge, WrongMedia
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.watch import Watch

_PIECE = 1 << 20
# Small enough to be digested and written while the processor still has it at hand.
_AT_HAND = 256 << 10
_LARGEST_JSON = 64 << 10
_LONGEST_TEXT = 128
# With fewer bytes a second, a body only holds a thread.
_MINIMUM_RATE = 1 << 10
# struct tcp_info of Linux: how much of it to ask for, and where tcpi_bytes_received is.
_TCP_INFO_BYTES, _BYTES_RECEIVED = 136, struct.Struct("<128xQ")


class Body:
    """One request's body; `read` raises BodyStalled and BodyCut instead of coming short."""

    def __init__(
        self, seconds: float, watch: Watch, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream, self._seconds, self._clock = request.stream, seconds, clock
        self._socket: socket.socket | None = request.environ.get("gunicorn.socket")
        self._pace, self._watch = Interest(clock), watch
        self._is_reading = False
        self._broken: OSError | None = None
        # When enough had last come, and how much the connection had brought by then.
        self._mark = (0.0, 0)

    @contextmanager
    def paced(self) -> Iterator[Body]:
        """Inside, a body that falls silent or drips is broken off."""
        with _bounded(self._socket, self._watch, self._seconds, self._pace, self._drips):
            yield self

    def read(self, size: int) -> bytes:
        """Up to so many bytes; none at the end, or where the client left.

        What came before the body broke off is given first, and the error by the next call.
        """
        self._mark, self._is_reading = (self._clock(), self._arrived()), True
        try:
            piece = self._received(size)
        except TimeoutError:
            raise _stalled() from None
        except (OSError, ParseException, HTTPException):
            raise BodyCut("The connection broke; ask with HEAD and go on from there.") from None
        finally:
            self._is_reading = False
        if self._pace.is_lost and not piece:
            raise _stalled()
        return piece

    def _received(self, size: int) -> bytes:
        """Straight from the socket where gunicorn would copy what it reads ahead several times."""
        framed: Any = self._stream
        if self._broken:
            raise self._broken
        if self._socket is None or not _is_plain(framed):
            return bytes(framed.read(size))
        ahead = framed.reader.unreader.buf.getbuffer().nbytes
        if ahead or not framed.reader.length:
            return bytes(framed.reader.read(min(size, ahead)))
        return self._taken(self._socket, framed, min(size, _AT_HAND, framed.reader.length))

    def _taken(self, sock: socket.socket, framed: Framed, size: int) -> bytes:
        """So many bytes; fewer where the client left, or fell silent."""
        pieces = list[bytes]()
        try:
            while size and (piece := sock.recv(size)):
                size -= len(piece)
                framed.reader.length -= len(piece)
                pieces.append(piece)
        except OSError as error:
            self._broken = error
        # Else the rest of this body, if it still comes, would be the next request.
        framed.failed = framed.failed or size > 0
        if self._broken and not pieces:
            raise self._broken
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _drips(self) -> bool:
        now, arrived = self._clock(), self._arrived()
        since, before = self._mark
        if arrived - before >= self._seconds * _MINIMUM_RATE:
            self._mark = (now, arrived)
            return False
        return self._is_reading and now - since > self._seconds

    def _arrived(self) -> int:
        """Bytes this connection ever brought; 0 where that cannot be told."""
        try:
            assert self._socket  # noqa: S101 - without one nobody asks
            info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
            return int(_BYTES_RECEIVED.unpack(info)[0])
        except (OSError, AssertionError, struct.error):
            return 0


def json_object() -> dict[str, Any]:
    """A small JSON object; raises WrongMedia, TooLarge, BadRequest."""
    if request.mimetype != "application/json":
        raise WrongMedia("Send Content-Type: application/json.")
    text = request.stream.read(_LARGEST_JSON + 1)
    if len(text) > _LARGEST_JSON:
        raise TooLarge(f"At most {_LARGEST_JSON} bytes are read here.", _LARGEST_JSON, len(text))
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict) or len(text) != request.content_length:
        raise BadRequest("The body must be a whole JSON object.")
    return value


def short_text(asked: dict[str, Any], name: str) -> str:
    """What such an object has under this name; BadRequest for anything but a short text."""
    value = asked.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT:
        raise BadRequest(f"{name} must be a text of 1 to {_LONGEST_TEXT} characters.")
    return value


def drain_after(answer: Response, watch: Watch, seconds: float, most: int) -> None:
    """Read what the client still sends once it has its answer, for so long and no longer.

    Closing a connection with bytes unread resets it, and the answer may be lost with it.
    """
    stream: Any = request.stream
    sock: socket.socket | None = request.environ.get("gunicorn.socket")

    def drain() -> None:
        left, end, due = most, Interest(), time.monotonic() + seconds
        with (
            suppress(OSError, ParseException, HTTPException),
            _bounded(sock, watch, seconds, end, lambda: time.monotonic() > due),
        ):
            while left > 0 and (piece := stream.read(_PIECE)):
                left -= len(piece)
            if end.is_lost:
                stream.failed = True  # else its rest would be the next request

    answer.call_on_close(drain)


@contextmanager
def _bounded(
    sock: socket.socket | None,
    watch: Watch,
    seconds: float,
    pace: Interest,
    is_over: Callable[[], bool],
) -> Iterator[None]:
    """Inside, reading ends after so many silent seconds, or once `is_over`, which loses `pace`."""
    if sock is None:
        yield
        return
    sock.settimeout(seconds)
    pace.hold(lambda: _stop_reading(sock))
    with watch.over(pace, is_over):
        try:
            yield
        finally:
            # From now on the connection is the answer's, and the next request's.
            pace.let_go()


def _is_plain(stream: Any) -> bool:
    """Whether a body is framed by its length, and gunicorn holds none of it back."""
    return (
        isinstance(stream, Framed)
        and type(stream.reader) is LengthReader
        and not stream.buf.getbuffer().nbytes
    )


def _stop_reading(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RD)


def _stalled() -> BodyStalled:
    return BodyStalled("The body stopped coming; ask with HEAD and go on from there.")
