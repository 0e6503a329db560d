"""The forms that identifiers must have before they become part of a question."""

from __future__ import annotations

import re

from pacs_proxy.errors import BadRequest, MalformedId

ORTHANC_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}\Z", re.ASCII)
# PS3.5 section 9.1: digits and dots, at most 64 characters.
UID = re.compile(r"[0-9.]{1,64}\Z", re.ASCII)


def orthanc_id(text: str) -> str:
    """An Orthanc identifier (SHA-1 in five groups), or MalformedId."""
    if not ORTHANC_ID.match(text):
        raise MalformedId(
            "An Orthanc identifier has five groups of eight hexadecimal digits in lower case "
            f"({ORTHANC_ID.pattern[:-2]})."
        )
    return text


def uid(text: str, name: str) -> str:
    """A DICOM UID, or BadRequest naming the parameter."""
    if not UID.match(text):
        raise BadRequest(f"{name} must be a DICOM UID: at most 64 digits and dots.")
    return text
