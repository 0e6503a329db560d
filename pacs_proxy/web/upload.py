"""Bodies on their way to the data side: read in pieces, counted, kept nowhere, sent once."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from flask import Response, request

from pacs_proxy.errors import BodyCut, BodyStalled, LengthRequired
from pacs_proxy.upstream.sending import Sendable
from pacs_proxy.web.progress import Progress
from pacs_proxy.web.relay import asked, here, interest, passed

_PIECE = 1 << 20


def change() -> Response:
    """Whatever may change something: sent on once; only its client knows whether to repeat it."""
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        raise LengthRequired("Send the body with a Content-Length.")
    length = request.content_length or 0
    has_body = length or request.method in {"POST", "PUT", "PATCH"}
    body = Sendable(length, _counted(length)) if has_body else None
    return passed(here().peer.once(asked(body=body), interest()))


def _counted(length: int) -> Iterator[bytes]:
    """The client's bytes; its silence and its leaving are told apart from the data side's."""
    sock: socket.socket | None = request.environ.get("gunicorn.socket")
    if sock is not None:
        sock.settimeout(here().body_seconds)
    stream, left = request.environ["wsgi.input"], length
    progress = Progress("in", length, _offset())
    while left:
        try:
            piece = stream.read(min(_PIECE, left))
        except TimeoutError:
            raise BodyStalled("The body stopped coming; ask where to go on.") from None
        if not piece:
            raise BodyCut("The body ended early; ask where to go on.")
        left -= len(piece)
        progress.came(len(piece))
        yield piece


def _offset() -> int:
    """Where in its file a chunk begins, for the log."""
    said = request.headers.get("Upload-Offset", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else 0
