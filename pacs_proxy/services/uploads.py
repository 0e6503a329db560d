"""tus 1.0 over HTTP; the rules are `ingest.tus`, the work is `ingest.intake`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from email.utils import formatdate
from typing import Any

from flask import Flask, Response, request

from pacs_proxy.errors import DatabaseUnavailable, LengthRequired, NotFound
from pacs_proxy.errors.uploads import UploadBusy, WrongMedia
from pacs_proxy.ingest import tus
from pacs_proxy.ingest.intake import Placed
from pacs_proxy.ingest.wanted import Wanted
from pacs_proxy.services import reach
from pacs_proxy.services.context import interest, principal, services
from pacs_proxy.web.bodies import Body, drain_after

PACK = "application/vnd.pacs-proxy.pack"
_ID = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)


def install(app: Flask) -> None:
    """Give every answer to a tus request the headers that tus wants on it."""

    @app.after_request
    def after(answer: Response) -> Response:
        if request.endpoint in _VIEWS and request.method != "OPTIONS":
            _sign(answer)
        return answer


def options(upload: str = "") -> Response:  # noqa: ARG001 - the same for all
    """What is spoken here; asks for no version."""
    return _empty(204, tus.greeting(services().settings.upload_file_bytes))


def limits() -> dict[str, Any]:
    """What a client should know before it sends anything."""
    settings = services().settings
    return {
        "file_bytes": settings.upload_file_bytes,
        "batch_bytes": settings.upload_batch_bytes,
        "quota_bytes": settings.upload_quota_bytes,
        "open_uploads": settings.upload_open,
        "request_bytes": settings.upload_request_bytes,
        "chunk_bytes": settings.upload_chunk_bytes,
        "parallel": settings.upload_parallel,
        "compress_above": settings.upload_compress_above,
        "expires_seconds": settings.upload_expires_seconds,
        "checksum": next(iter(tus.ALGORITHMS)),
    }


def create() -> Response:
    """201, also when this client key made the upload before."""
    headers = dict(request.headers)
    asked = tus.creation(headers)
    _expect_within(Wanted.of(asked.metadata).target or {})
    with _body().paced() as body:
        placed = services().intake.create(
            _owner(), asked, headers.get("Upload-Metadata", ""), body.read
        )
    answer = _placed(201, placed)
    answer.headers["Location"] = f"/api/uploads/{placed.id}"
    if not placed.is_new:
        _drain(answer)
    return answer


def pack() -> tuple[dict[str, Any], int]:
    """201 when all of its files are on the disk, or were before."""
    if request.mimetype != PACK:
        raise WrongMedia(f"Send the pack as Content-Type: {PACK}.")
    size = request.content_length
    if size is None:
        raise LengthRequired("Send the pack with a Content-Length.")
    with _body().paced() as body:
        taken = services().packs.take(_owner(), size, body.read)
    return {"uploads": [{"key": key, **asdict(seen)} for key, seen in taken.items()]}, 201


def _expect_within(target: Mapping[str, str]) -> None:
    """A picture may be added to a study within reach only; others are as if they were not there."""
    who = principal()
    if who.is_limited and not reach.expect(services(), who, target, interest()):
        raise reach.out_of_reach()


def head(upload: str) -> Response:
    """Where to go on. Never a 5xx, which clients take for the end: 423 when we cannot tell."""
    tus.require_version(dict(request.headers))
    try:
        placed = services().intake.find(_owner(), _known(upload))
    except DatabaseUnavailable:
        raise UploadBusy("The state cannot be told just now; ask again in a moment.", 1) from None
    answer = _placed(200, placed)
    answer.headers["Upload-Length"] = str(placed.state.length)
    if placed.metadata:
        answer.headers["Upload-Metadata"] = placed.metadata
    return answer


def patch(upload: str) -> Response:
    """The next bytes; 204 promises that they are on the disk."""
    chunk = tus.patch(dict(request.headers))
    with _body().paced() as body:
        placed = services().intake.receive(_owner(), _known(upload), chunk, body.read)
    return _placed(204, placed)


def cancel(upload: str) -> Response:
    """Forget it and its bytes."""
    tus.require_version(dict(request.headers))
    services().intake.cancel(_owner(), _known(upload))
    return _empty(204, {})


_VIEWS = frozenset(
    {"uploads.create", "uploads.pack", "uploads.head", "uploads.patch", "uploads.cancel"}
)


def thumbnail(upload: str) -> Response:
    """A PNG of a TIFF that has come; not diagnostic."""
    png = services().thumbnails.of(_owner(), _known(upload))
    answer = Response(png, mimetype="image/png")
    answer.headers["X-Diagnostic"] = "no"
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _known(upload: str) -> str:
    if not _ID.match(upload):
        raise NotFound("There is no such upload; begin it again.")
    return upload


def _owner() -> str:
    return principal().name


def _body() -> Body:
    return Body(services().settings.upload_body_seconds, services().watch)


def _placed(status: int, placed: Placed) -> Response:
    expires = formatdate(placed.expires, usegmt=True) if placed.expires else ""
    return _empty(status, tus.placed(placed.state, expires))


def _empty(status: int, headers: dict[str, str]) -> Response:
    answer = Response(status=status, headers=headers)
    del answer.headers["Content-Type"]
    return answer


def _sign(answer: Response) -> None:
    answer.headers["Tus-Resumable"] = tus.VERSION
    if answer.status_code == 412:
        answer.headers["Tus-Version"] = tus.VERSION
    if answer.status_code == 415:
        answer.headers["Accept-Encoding"] = tus.CODING
    if answer.status_code >= 400:
        _drain(answer)


def _drain(answer: Response) -> None:
    settings, watch = services().settings, services().watch
    drain_after(answer, watch, settings.upload_body_seconds, settings.upload_request_bytes)
