"""What a client says about a file it is going to send: the metadata of its creation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pacs_proxy.errors import BadRequest

_KEY = re.compile(r"[0-9A-Za-z_-]{1,64}\Z", re.ASCII)
_ID = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_STUDY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}\Z", re.ASCII)
_LONGEST_NAME, _LONGEST_TEXT = 4096, 1024
# For a TIFF, which knows no patient: PS3.3 attributes by our names.
_TARGET = frozenset(
    {
        *("study", "patient_name", "patient_id", "birth_date", "sex"),
        *("study_description", "study_date", "accession"),
    }
)


@dataclass(frozen=True)
class Wanted:
    """The metadata, checked; `name` is patient data, `target` says whose picture it is."""

    key: str | None = None
    batch: str | None = None
    name: str = ""
    sha256: str | None = None
    target: dict[str, str] | None = None

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> Wanted:
        """Raises BadRequest, which never repeats a value."""
        return cls(
            _matching(metadata, "key", _KEY, "letters, digits, - and _, 64 at most"),
            _matching(metadata, "batch", _ID, "the id of a batch"),
            # "filename" is what other tus clients call it.
            _name(metadata.get("name") or metadata.get("filename", "")),
            _matching(metadata, "sha256", _SHA256, "64 hexadecimal digits in lower case"),
            _target(metadata.get("target")),
        )


def client_key(value: object) -> str:
    """A name that the client chose, so that asking twice makes one thing."""
    if not isinstance(value, str) or not _KEY.match(value):
        raise BadRequest("key must be letters, digits, - and _, 64 at most.")
    return value


def _matching(
    metadata: Mapping[str, str], name: str, form: re.Pattern[str], words: str
) -> str | None:
    value = metadata.get(name)
    if value is not None and not form.match(value):
        raise BadRequest(f"The metadata {name} must be {words}.")
    return value


def _name(value: str) -> str:
    if len(value) > _LONGEST_NAME or "\0" in value:
        raise BadRequest(f"The metadata name may have {_LONGEST_NAME} characters.")
    return value


def _target(value: str | None) -> dict[str, str] | None:
    if value is None:
        return None
    try:
        target: Any = json.loads(value)
    except ValueError:
        target = None
    if not isinstance(target, dict) or not all(map(_is_text, target.values())):
        raise BadRequest("The metadata target must be a JSON object of printable texts.")
    if not target.keys() <= _TARGET:
        raise BadRequest(f"The metadata target may hold {', '.join(sorted(_TARGET))}.")
    if "study" in target and not _STUDY.match(target["study"]):
        raise BadRequest("The metadata target's study must be an Orthanc identifier.")
    return target


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT and value.isprintable()
