"""Single frames of an instance, cut from the verified file: what a slide's viewer asks for."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

from flask import Response, request

from pacs_proxy.errors import BadRequest
from pacs_proxy.services.context import interest, services
from pacs_proxy.services.headers import repr_digest
from pacs_proxy.services.identifiers import orthanc_id
from pacs_proxy.services.shelf import Frame
from pacs_proxy.upstream.answers import Description
from pacs_proxy.web.exchange import send_within
from pacs_proxy.web.ranges import is_known

_DIGITS = 7
# no-transform: a compressed answer cut short looks whole to a browser.
_CACHE = {"Cache-Control": "private, no-cache, no-transform"}


def frame(instance: str, number: str) -> Response:
    """The bytes of one frame as stored, with the transfer syntax that says how to read them."""
    wanted, which = orthanc_id(instance), _number(number)
    known = request.headers.get("If-None-Match")
    if known:
        tag = _etag(services().instances.describe(wanted, interest()), which)
        if is_known(known, tag):
            return Response(status=304, headers={"ETag": tag, **_CACHE})
    return _answer(services().frames.open(wanted, which, interest()), which)


def payload(instance: str) -> Response:
    """The document or the video in it; never of a kind that a browser would open by itself."""
    return _answer(services().frames.payload(orthanc_id(instance), interest()), "payload")


def slide(instance: str) -> dict[str, Any]:
    """One level of a slide: sizes, tiles, coding, spacing, window."""
    return asdict(services().frames.slide(orthanc_id(instance), interest()))


def _answer(found: Frame, part: int | str) -> Response:
    try:
        digest = hashlib.md5(usedforsecurity=False)
        length = 0
        for piece in found.pieces():
            digest.update(piece)
            length += len(piece)
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(length),
            "ETag": _etag(found.opened.description, part),
            "Repr-Digest": repr_digest(digest.digest()),
            "X-Transfer-Syntax": found.syntax,
            **_CACHE,
        }
        answer = Response(status=200, headers=headers)
        answer.automatically_set_content_length = False
        if request.method == "HEAD":
            found.opened.close()
            return answer
        send_within(request.environ)
        answer.response = found.pieces()
        answer.call_on_close(found.opened.close)
    except BaseException:
        found.opened.close()
        raise
    return answer


def _etag(described: Description, part: int | str) -> str:
    return f'"{described.md5 or described.uuid}-{part}"'


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) > 0):
        raise BadRequest("A frame is named by its number, from 1.")
    return int(text)
