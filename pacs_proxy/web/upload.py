"""Bodies on their way to the data side: read in pieces, counted, kept nowhere, sent once."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Flask, Response, request

from pacs_proxy.errors import BodyCut, LengthRequired, ServicesInterrupted, ServicesUnreachable
from pacs_proxy.errors.uploads import UploadBusy
from pacs_proxy.upstream.sending import Sendable
from pacs_proxy.upstream.stream import LARGEST, SMALLEST
from pacs_proxy.web.bodies import Body, drain_after
from pacs_proxy.web.progress import Progress
from pacs_proxy.web.relay import asked, here, interest, passed

# The route that says where an upload goes on.
HEAD = "uploads.head"
_QUICK = 0.05
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def install(app: Flask) -> None:
    """A body is read to its end, needed or not: closed on it, the client might lose the answer."""

    @app.after_request
    def after(answer: Response) -> Response:
        if (request.endpoint or "").startswith("uploads."):
            # The protocol wants it on every answer, also on those that are the edge's own.
            answer.headers.setdefault("Tus-Resumable", "1.0.0")
        if request.method in _WITH_BODY:
            drain_after(answer, here().watch, here().body_seconds, here().request_bytes)
        return answer


def change() -> Response:
    """Whatever may change something: sent on once; only its client knows whether to repeat it."""
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        raise LengthRequired("Send the body with a Content-Length.")
    length = request.content_length or 0
    if not (length or request.method in _WITH_BODY):
        return passed(here().peer.once(asked(), interest()))
    # Reading notices that a client leaves; what it has sent until then may still be of use.
    here().watch.remove(interest())
    with Body(here().body_seconds, here().watch).paced() as body:
        sendable = Sendable(length, _counted(body, length))
        return passed(here().peer.once(asked(body=sendable), interest()))


def where() -> Response:
    """Where an upload goes on. Never a 5xx, which clients take for the end of it."""
    try:
        return passed(here().peer.once(asked(), interest()))
    except (ServicesUnreachable, ServicesInterrupted):
        raise UploadBusy("The state cannot be told just now; ask again in a moment.", 1) from None


def _counted(body: Body, length: int) -> Iterator[bytes]:
    """The client's bytes; its silence and its leaving are told apart from the data side's.

    In small pieces where the line is slow: waiting for a large one, we would be silent ourselves.
    """
    left, size, progress = length, SMALLEST, Progress("in", length, _offset())
    while left:
        began = time.monotonic()
        piece = body.read(min(size, left))
        if not piece:
            raise BodyCut("The body ended early; ask where to go on.")
        is_quick = len(piece) == size and time.monotonic() - began < _QUICK
        size = min(size * 4, LARGEST) if is_quick else SMALLEST
        left -= len(piece)
        progress.came(len(piece))
        yield piece


def _offset() -> int:
    """Where in its file a chunk begins, for the log."""
    said = request.headers.get("Upload-Offset", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else 0
