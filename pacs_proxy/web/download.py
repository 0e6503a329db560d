"""Files from the data side: resumed after a cut, and proven here too before they are whole."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from flask import Response, request

from pacs_proxy.errors import Changed, Corrupt, Interrupted, NotFound, Refused
from pacs_proxy.upstream.attempts import Attempts
from pacs_proxy.upstream.body import Body
from pacs_proxy.upstream.stream import Expected, Pieces, proven, resumed
from pacs_proxy.upstream.transport import Request
from pacs_proxy.upstream.wire import Head
from pacs_proxy.web.exchange import send_within
from pacs_proxy.web.hold import Hold
from pacs_proxy.web.peer import Answer, Peer, as_data_side, digest_of
from pacs_proxy.web.progress import Progress
from pacs_proxy.web.ranges import is_known, may_continue, wanted_range
from pacs_proxy.web.relay import Edge, allowed, asked, here, interest, passed

_GONE = frozenset({404, 410})
_AWAY = frozenset({500, 502, 503, 504})


@dataclass(frozen=True)
class File:
    """What HEAD says of a file; `md5` is None where the archive keeps none."""

    size: int
    md5: str | None
    tag: str
    has_ranges: bool

    @classmethod
    def of(cls, head: Head) -> File | None:
        """The file that an answer to HEAD describes; None when it describes none."""
        named, tag, md5 = head.headers, head.headers.get("etag", ""), digest_of(head.headers)
        length = named.get("content-length", "")
        if head.status != 200 or not tag.startswith('"') or not length.strip("0"):
            return None
        if md5 is None and named.get("x-integrity") != "length":
            return None
        return cls(int(length), md5, tag, named.get("accept-ranges") == "bytes")


def file() -> Response:
    """200, 206 or 304; a failure after the headers breaks the connection."""
    edge = here()
    described = edge.peer.answer(asked("HEAD"), interest())
    found = File.of(described.head)
    if request.method == "HEAD":
        return _not_modified(described, found) or passed(described)
    if found is None:
        # No file, or none to be had now: its answer says which, and HEAD has no body to say it.
        return passed(edge.peer.answer(asked(), interest()))
    return _not_modified(described, found) or _delivered(edge, described, found)


def _not_modified(described: Answer, found: File | None) -> Response | None:
    if found is None or not is_known(request.headers.get("If-None-Match"), found.tag):
        return None
    response = Response(status=304, headers=allowed(described))
    response.headers.pop("Content-Type", None)
    return response


def _delivered(edge: Edge, described: Answer, found: File) -> Response:
    span = None
    if found.has_ranges and may_continue(request.headers.get("If-Range"), found.tag):
        span = wanted_range(request.headers.get("Range"), found.size)
    first, last = span or (0, found.size - 1)
    headers = allowed(described) | {"Content-Length": str(last - first + 1)}
    if span:
        headers["Content-Range"] = f"bytes {first}-{last}/{found.size}"
    # Nothing is proven by reading the whole where there is no digest of it.
    begin, end = (first, last + 1) if found.md5 is None else (0, found.size)
    source = Source(edge.peer, found, asked("GET"), begin, end)
    send_within(request.environ)
    response = Response(status=206 if span else 200, headers=headers, direct_passthrough=True)
    if found.size <= edge.verify_first and edge.hold.take(found.size):
        held = _held(edge.hold, source)
        response.response = iter([held[first - begin : last + 1 - begin]])
        response.call_on_close(lambda: edge.hold.give(found.size))
    else:
        response.response = Passing(source, first - begin, last + 1 - begin)
    return response


def _held(hold: Hold, source: Source) -> bytes:
    """The whole file, or its room is free again."""
    try:
        return source.whole()
    except BaseException:
        hold.give(source.file.size)
        raise


class Source:
    """A file's bytes `begin` to `end` from the data side, for the request being answered."""

    def __init__(self, peer: Peer, found: File, get: Request, begin: int, end: int) -> None:
        self.file, self.interest = found, interest()
        self._peer, self._get = peer, replace(get, size=found.size)
        self._begin, self._size = begin, end - begin

    def whole(self) -> bytes:
        """All of it, proven; a wrong body is fetched again."""
        attempts = self._peer.attempts(self.interest)
        with as_data_side():
            while True:
                try:
                    return self._gathered(attempts)
                except Corrupt as error:
                    attempts.failed(error)

    def _gathered(self, attempts: Attempts) -> bytes:
        """Each piece is copied before the next is asked for, which may lie in the same buffer."""
        gathered = bytearray()
        for piece in self.pieces(attempts):
            gathered += piece
        return bytes(gathered)

    def pieces(self, attempts: Attempts | None = None) -> Generator[memoryview, None, None]:
        """Its bytes in turn, the last of them only when all are proven."""
        attempts = attempts or self._peer.attempts(self.interest)
        open_at, size = partial(self._opened, attempts), self._size
        progress = Progress("out", size)
        with (
            Pieces(size) as buffers,
            closing(resumed(open_at, size, attempts, buffers)) as chunks,
            closing(proven(chunks, Expected(size, self.file.md5))) as proven_chunks,
        ):
            for piece in proven_chunks:
                progress.came(len(piece))
                yield piece

    @contextmanager
    def _opened(self, attempts: Attempts, node: int, offset: int) -> Iterator[Body]:
        """The body at `offset`; only the very file described may continue it."""
        at = self._begin + offset
        conditions = {"Range": f"bytes={at}-", "If-Range": self.file.tag} if at else {}
        get = replace(self._get, headers={**self._get.headers, **conditions})
        with self._peer.opened(node, get, attempts.interest) as body:
            body.skip(self._check(body.head, at))
            yield body

    def _check(self, head: Head, at: int) -> int:
        """Bytes to skip before `at`, as `answers.check_file` does for the archive."""
        _expect_file(head)
        if head.headers.get("etag") != self.file.tag:
            raise Changed("The object was replaced in the archive while it was read.")
        size = self.file.size
        if head.status == 200:
            begins, length = at, size
        else:
            begins, length = 0, size - at
            if head.headers.get("content-range") != f"bytes {at}-{size - 1}/{size}":
                raise Interrupted("The data side sent another part of the file.")
        if head.length != length:
            raise Corrupt(f"Expected {length} bytes, the data side announces {head.length}.")
        return begins


def _expect_file(head: Head) -> None:
    if head.status in {200, 206}:
        return
    if head.status in _GONE:
        raise NotFound("The archive has no such object (any more).")
    if head.status in _AWAY:
        after = head.headers.get("retry-after", "")
        raise Interrupted(f"The data side answered {head.status}.", float(after or 1))
    raise Refused(f"The data side answered {head.status}.")


class Passing:
    """A body too large to hold: each piece as it comes, the last when the whole is proven."""

    def __init__(self, source: Source, start: int, stop: int) -> None:
        self._interest, self._file = source.interest, source.pieces()
        self._pieces = _cut(self._file, start, stop)
        # The first piece is fetched now, so that an early error becomes an honest status.
        with as_data_side():
            self._first: bytes | None = next(self._pieces)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            piece, self._first = self._first, None
            return piece
        # The client took one: a slow client is not a data side that brings nothing.
        self._interest.progress()
        return next(self._pieces)

    def close(self) -> None:
        """Called by the server when the answer is over, however it ended."""
        self._pieces.close()
        self._file.close()


def _cut(
    pieces: Generator[memoryview, None, None], start: int, stop: int
) -> Generator[bytes, None, None]:
    """Bytes `start` to `stop`; the last of them when all pieces have come, which proves them."""
    at, held = 0, b""
    for piece in pieces:
        part = bytes(piece[max(0, start - at) : max(0, stop - at)])
        at += len(piece)
        if part and held:
            yield held
        held = part or held
    yield held
