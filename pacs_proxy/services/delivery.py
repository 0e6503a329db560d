"""An opened instance as an HTTP answer whose framing never lies."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from werkzeug.wsgi import wrap_file

from pacs_proxy.archive.instances import Opened
from pacs_proxy.services.headers import Environ, repr_digest
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.web.exchange import send_within
from pacs_proxy.web.ranges import is_known, may_continue, wanted_range

# Sixty readers of growing files hold a piece each, and malloc keeps some more of that size.
SMALLEST, LARGEST = 16 << 10, 64 << 10


@dataclass(frozen=True)
class Manner:
    """How the bytes are offered: to be saved under a name, or with a note that they differ.

    `is_proven`: what they were made from agreed with the archive's digest, not its length alone.
    """

    save_as: str | None = None
    converted: str | None = None
    is_proven: bool = True


@dataclass(frozen=True)
class Answer:
    """What an HTTP answer is made of, before any framework's hands are on it."""

    status: int
    headers: dict[str, str]
    body: Iterable[bytes] = ()

    def for_wsgi(self, environ: Environ) -> Iterable[bytes]:
        """The body as a server wants it: under gunicorn its sendfile wrapper."""
        send_within(environ)
        if not isinstance(self.body, FilePart):
            return self.body
        self.body.rewind()
        return wrap_file(environ, self.body, LARGEST)  # type: ignore[arg-type]

    def close(self) -> None:
        """The answer is over, however it ended."""
        if isinstance(self.body, FilePart | Following | Streaming):
            self.body.close()


def etag(wanted: Description) -> str:
    """A strong validator: the digest, or where the archive keeps none the attachment's name."""
    return f'"md5-{wanted.md5}"' if wanted.md5 else f'"len-{wanted.size}-{wanted.uuid}"'


def headers_of(wanted: Description, manner: Manner) -> dict[str, str]:
    """What describes the whole file, on every answer about it."""
    headers = {
        "Content-Type": "application/dicom",
        "ETag": etag(wanted),
        "Accept-Ranges": "bytes",
        "X-Integrity": "md5" if wanted.md5 and manner.is_proven else "length",
        # no-transform: a compressed answer cut short looks whole to a browser.
        "Cache-Control": "private, no-cache, no-transform",
    }
    if wanted.md5:
        headers["Repr-Digest"] = repr_digest(bytes.fromhex(wanted.md5))
    if manner.converted:
        headers["X-Converted"] = manner.converted
    if manner.save_as:
        headers["Content-Disposition"] = f'attachment; filename="{manner.save_as}"'
    return headers


def unchanged(headers: dict[str, str]) -> Answer:
    """The client has it: there is no body whose type could be said."""
    return Answer(304, {name: headers[name] for name in headers if name != "Content-Type"})


def described(wanted: Description, manner: Manner, environ: Environ) -> Answer:
    """The answer to HEAD: all headers of the whole, no body."""
    headers = headers_of(wanted, manner)
    if is_known(environ.get("HTTP_IF_NONE_MATCH"), headers["ETag"]):
        return unchanged(headers)
    return Answer(200, {**headers, "Content-Length": str(wanted.size)})


def deliver(opened: Opened, interest: Interest, manner: Manner, environ: Environ) -> Answer:
    """The answer to GET: 200, 206 or 304; a failure after its headers breaks the connection."""
    try:
        return _delivered(opened, interest, manner, environ)
    except BaseException:
        opened.close()
        raise


def _delivered(opened: Opened, interest: Interest, manner: Manner, environ: Environ) -> Answer:
    wanted = opened.description
    headers = headers_of(wanted, manner)
    if is_known(environ.get("HTTP_IF_NONE_MATCH"), headers["ETag"]):
        opened.close()
        return unchanged(headers)
    span = _span(opened, headers["ETag"], environ)
    first, last = span or (0, wanted.size - 1)
    if span:
        headers["Content-Range"] = f"bytes {first}-{last}/{wanted.size}"
    headers["Content-Length"] = str(last - first + 1)
    return Answer(206 if span else 200, headers, _body(opened, first, last, interest))


def _span(opened: Opened, tag: str, environ: Environ) -> tuple[int, int] | None:
    """The range to send; a stream past the spool can only be sent whole."""
    if opened.file is None or not may_continue(environ.get("HTTP_IF_RANGE"), tag):
        return None
    return wanted_range(environ.get("HTTP_RANGE"), opened.description.size)


def _body(opened: Opened, first: int, last: int, interest: Interest) -> Iterable[bytes]:
    if opened.file and opened.file.is_verified:
        return FilePart(opened, first, last + 1, interest)
    if opened.file:
        # Errors before the first byte still become an honest status.
        opened.available(first, interest)
        return Following(opened, first, last + 1, interest)
    return Streaming(opened)


class FilePart:
    """A part of a verified file, readable by servers with sendfile and without."""

    def __init__(self, opened: Opened, start: int, stop: int, interest: Interest) -> None:
        assert opened.file  # noqa: S101 - for the type checker
        self._opened, self._fd, self._stop = opened, opened.file.fd, stop
        # Watched for as long as it is held: a session that ends takes the connection with it.
        self._interest = interest
        self._at = start

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(LARGEST):
            yield piece

    def rewind(self) -> None:
        """Move the descriptor's position to where the part begins."""
        os.lseek(self._fd, self._at, os.SEEK_SET)

    def send(self, sock: int) -> None:
        """All of it, into a blocking socket; OSError when the other side takes nothing."""
        while self._at < self._stop:
            self._at += os.sendfile(sock, self._fd, self._at, self._stop - self._at)

    def fileno(self) -> int:
        """For sendfile, which begins at the descriptor's position."""
        return self._fd

    def read(self, size: int) -> bytes:
        """For servers without sendfile."""
        piece = os.pread(self._fd, min(size, self._stop - self._at), self._at)
        self._at += len(piece)
        return piece

    def close(self) -> None:
        """Called by the server when the answer is over."""
        self._opened.close()


class Following:
    """A growing file's bytes as they are proven; the last piece waits for the digest."""

    def __init__(self, opened: Opened, start: int, stop: int, interest: Interest) -> None:
        assert opened.file  # noqa: S101
        self._opened, self._fd = opened, opened.file.fd
        self._at, self._stop, self._interest = start, stop, interest
        self._length = SMALLEST

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._at >= self._stop:
            raise StopIteration
        available = min(self._opened.available(self._at, self._interest), self._stop)
        piece = os.pread(self._fd, min(self._length, available - self._at), self._at)
        self._at += len(piece)
        # Small pieces show life early on slow links; large ones cost less.
        self._length = min(self._length * 4, LARGEST)
        return piece

    def close(self) -> None:
        """Called by the server when the answer is over, however it ended."""
        self._opened.close()


class Streaming:
    """A body past the spool; `proven` holds its last piece back."""

    def __init__(self, opened: Opened) -> None:
        assert opened.stream  # noqa: S101
        self._opened, self._stream = opened, opened.stream
        # The first piece is fetched now, so that an early error becomes an honest status.
        self._first: bytes | None = bytes(next(self._stream))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            piece, self._first = self._first, None
            return piece
        return bytes(next(self._stream))

    def close(self) -> None:
        """Called by the server when the answer is over, however it ended."""
        self._opened.close()
