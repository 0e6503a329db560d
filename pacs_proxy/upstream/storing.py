"""What Orthanc's answer to `POST /instances` means (facts/upload.md 4)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pacs_proxy.errors import BadUpload, Doubtful, Forbidden, Full, Refused, Unreachable
from pacs_proxy.upstream.wire import Head

ORTHANC_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}\Z")
_NEW, _OLD = "Success", "AlreadyStored"
_NO_ROOM = frozenset({14, 19})
_UNREADABLE = frozenset({400, 404, 415})


@dataclass(frozen=True)
class Stored:
    """Where the instance is in the archive; `is_new` when it was not there before.

    That it is there says nothing about its bytes: an instance of that name is kept as it was.
    """

    instance: str
    series: str
    study: str
    is_new: bool


def stored(head: Head, data: bytes) -> Stored:
    """Read the answer. Raises BadUpload, Full, Unreachable, Refused, Doubtful."""
    answer = _json(data)
    if head.status == 200:
        return _accepted(answer)
    if head.status == 507 or answer.get("OrthancStatus") in _NO_ROOM:
        raise Full("The archive has no room left; its administrator has to make some.")
    if head.status in _UNREADABLE and answer:
        raise BadUpload(
            "archive_cannot_read",
            "The archive cannot read the file as DICOM. Export it again from where it comes from.",
        )
    if head.status == 413:
        raise BadUpload("too_large_for_archive", "The archive takes no file as large as this.")
    raise _failure(head.status)


def _failure(status: int) -> Exception:
    if status == 401:
        return Refused("The archive does not accept our user name and password.")
    if status == 403:
        return Forbidden("The archive does not permit us to store.")
    if status in {429, 502, 503, 504}:
        return Unreachable(f"The archive answered {status}.")
    # 400 without a word: the body did not reach it whole. 500: it may have stored it.
    return Doubtful(f"The archive answered {status} to a file it was to store.")


def _accepted(answer: dict[str, Any]) -> Stored:
    status = answer.get("Status")
    if status not in {_NEW, _OLD}:
        raise BadUpload("filtered", "A rule of the archive keeps it from storing this file.")
    try:
        ids = [answer[name] for name in ("ID", "ParentSeries", "ParentStudy")]
    except KeyError:
        ids = []
    if len(ids) != 3 or not all(isinstance(i, str) and ORTHANC_ID.match(i) for i in ids):
        raise Doubtful("The archive did not say what it stored.")
    return Stored(ids[0], ids[1], ids[2], is_new=status == _NEW)


def _json(data: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
