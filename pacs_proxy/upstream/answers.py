"""What Orthanc's answers mean: status codes, descriptions, the framing of a file's body."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pacs_proxy.errors import (
    Changed,
    Corrupt,
    Forbidden,
    Interrupted,
    NotFound,
    Refused,
    Unreachable,
)
from pacs_proxy.upstream.stream import Expected
from pacs_proxy.upstream.wire import Head

_MD5 = re.compile(r"[0-9a-f]{32}\Z")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_BUSY = frozenset({408, 425, 429, 502, 503, 504})


@dataclass(frozen=True)
class Description:
    """One attachment as Orthanc stored it; `uuid` names these bytes and no others."""

    instance: str
    size: int
    md5: str | None
    uuid: str

    @property
    def expected(self) -> Expected:
        """What the stream must prove."""
        return Expected(self.size, self.md5)


def parse_json(data: bytes) -> Any:
    """A JSON answer; Interrupted when it is something else, such as a web page."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Interrupted("The archive answered with something that is no JSON.") from None


def description(instance: str, info: Any) -> Description:
    """Read `/instances/{id}/attachments/dicom/info`, whose values are those of the ingest."""
    try:
        size, md5, uuid = info["UncompressedSize"], info["UncompressedMD5"], info["Uuid"]
        # Orthanc keeps no MD5 with StoreMD5ForAttachments false: it then says "".
        if int(size) > 0 and (md5 == "" or _MD5.match(md5)) and _UUID.match(uuid):
            return Description(instance, int(size), md5 or None, uuid)
    except (KeyError, TypeError, ValueError):
        pass
    raise Interrupted("The archive's description of an instance cannot be read.")


def expect_success(head: Head) -> None:
    """Raise what a status other than 200 or 206 means."""
    status = head.status
    if status in {200, 206}:
        return
    if status == 404:
        raise NotFound("The archive has no such object (any more).")
    if status == 401:
        raise Refused("The archive does not accept our user name and password.")
    if status == 403:
        raise Forbidden("The archive does not permit this.")
    if status in _BUSY:
        raise Unreachable(f"The archive answered {status}.", retry_after=_retry_after(head.headers))
    if status in {400, 500}:
        # Orthanc >= 1.13 answers so for files damaged on its disk; but also in passing.
        raise Interrupted(f"The archive answered {status}.", evidence=f"status {status}")
    raise Refused(f"The archive answered {status}.")


def check_file(head: Head, wanted: Description, at: int) -> int:
    """Bytes to skip before offset `at`; raises when the body cannot be the rest of `wanted`.

    206 must continue exactly there (RFC 9110 15.3.7); nodes without Range send the whole.
    """
    expect_success(head)
    tag = head.headers.get("etag", "")
    if wanted.md5 and f'-{wanted.md5}"' not in tag:
        if not tag:
            raise Interrupted("The archive's answer lacks its digest.")
        raise Changed("The object was replaced in the archive while it was read.")
    if head.status == 200:
        _expect_length(head.length, wanted.size)
        return at
    if head.headers.get("content-range") != f"bytes {at}-{wanted.size - 1}/{wanted.size}":
        raise Interrupted("The archive sent another part of the file than was asked for.")
    _expect_length(head.length, wanted.size - at)
    return 0


def _expect_length(length: int, wanted: int) -> None:
    if length != wanted:
        raise Corrupt(
            f"Expected {wanted} bytes, the archive announces {length}.", evidence=f"length {length}"
        )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds (RFC 9110 10.2.3); the date form is too coarse to be of use here."""
    value = headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else None
