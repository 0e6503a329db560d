"""Studies and series as a ZIP over HTTP; its length and validator are known beforehand."""

from __future__ import annotations

from collections.abc import Generator
from threading import BoundedSemaphore
from typing import Self

from flask import Response, request

from pacs_proxy.archive.manifest import Manifest
from pacs_proxy.errors import Busy
from pacs_proxy.services.context import interest, services
from pacs_proxy.services.identifiers import orthanc_id
from pacs_proxy.web.exchange import send_within
from pacs_proxy.web.ranges import is_known, may_continue, wanted_range

_BUSY_SECONDS = 15.0


def study(study: str) -> Response:
    """A study with its DICOMDIR, to be saved under a name that says nothing about the patient."""
    found = services().manifests.study(orthanc_id(study), interest())
    return _answer(found, f"study-{study[:8]}.zip")


def series(series: str) -> Response:
    """The same of one series."""
    found = services().manifests.series(orthanc_id(series), interest())
    return _answer(found, f"series-{series[:8]}.zip")


def _answer(manifest: Manifest, name: str) -> Response:
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": f'"{manifest.tag}"',
        "Accept-Ranges": "bytes",
        # Each member is proven; the whole has no digest before it was sent.
        "X-Integrity": "length",
        "Cache-Control": "private, no-cache, no-transform",
    }
    if is_known(request.headers.get("If-None-Match"), headers["ETag"]):
        del headers["Content-Type"]
        return Response(status=304, headers=headers)
    size, span = manifest.layout.size, None
    if may_continue(request.headers.get("If-Range"), headers["ETag"]):
        span = wanted_range(request.headers.get("Range"), size)
    first, last = span or (0, size - 1)
    if span:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last - first + 1)
    answer = Response(status=206 if span else 200, headers=headers, direct_passthrough=True)
    answer.automatically_set_content_length = False
    if request.method != "HEAD":
        answer.response = _sending(manifest, first, last + 1)
    return answer


def _sending(manifest: Manifest, start: int, stop: int) -> Sending:
    having = services()
    if not having.exports.acquire(blocking=False):
        raise Busy(
            "Several studies are being downloaded already; try again in a moment.", _BUSY_SECONDS
        )
    try:
        send_within(request.environ)
        return Sending(having.parcels.sent(manifest, start, stop, interest()), having.exports)
    except BaseException:
        having.exports.release()
        raise


class Sending:
    """A body under way, and its place among those that may be."""

    def __init__(self, pieces: Generator[bytes, None, None], places: BoundedSemaphore) -> None:
        self._pieces, self._places, self._is_open = pieces, places, True
        # The first piece is fetched now, so that an early error becomes an honest status.
        self._first: bytes | None = next(pieces)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            piece, self._first = self._first, None
            return piece
        return next(self._pieces)

    def close(self) -> None:
        """Called by the server when the answer is over, however it ended."""
        self._pieces.close()
        if self._is_open:
            self._is_open = False
            self._places.release()
