"""Whether a DICOM file is safe to hand to the archive, and can be what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pacs_proxy.decoding.elements import PIXEL_TAGS
from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.fileheader import FileHeader, read_file_header
from pacs_proxy.ingest.identity import Identity, decoded
from pacs_proxy.ingest.pixels import IMAGE_TAGS, check_pixels
from pacs_proxy.ingest.source import Inflated, Part, Source, Window
from pacs_proxy.ingest.walk import Element, Limits, Walk

_CHARACTER_SET, _SOP_CLASS, _SOP_UID = 0x00080005, 0x00080016, 0x00080018
_PATIENT_ID, _STUDY_UID, _SERIES_UID = 0x00100020, 0x0020000D, 0x0020000E
_UIDS = {_SOP_UID: "image", _STUDY_UID: "study", _SERIES_UID: "series"}
_WANTED = frozenset({_CHARACTER_SET, _SOP_CLASS, _PATIENT_ID, *_UIDS}) | IMAGE_TAGS
_LONGEST_VALUE = 1 << 10
# Leading zeros of a component are against the standard, and common.
_UID = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)
_LONGEST_UID = 64


@dataclass(frozen=True)
class Examined:
    """A file that passed."""

    identity: Identity
    sop_class: str
    syntax: str
    size: int


@dataclass
class _Seen:
    values: dict[int, bytes]
    pixels: Element | None = None


def examine(source: Source, limits: Limits, known: FileHeader | None = None) -> Examined:
    """Judge a file; reads its header only, in flat memory. `known`: group 0002 was read before.

    Raises BadUpload with the reason in words, and OSError; nothing else.
    """
    if not source.size:
        raise BadUpload("empty", "The file is empty. Copy or export it again.")
    window = Window(source)
    header = known or read_file_header(window)
    start = header.start
    if header.is_deflated:
        window, start = Window(Inflated(Part(source, start))), 0
    walk = Walk(window, header, limits, start=start)
    seen = _seen(walk)
    identity = _identity(seen.values)
    if seen.pixels is not None:
        check_pixels(seen.values, seen.pixels, walk.fragments, header)
    sop_class = _text(seen.values, _SOP_CLASS) or header.media_class
    return Examined(identity, sop_class, header.syntax, source.size)


def _seen(walk: Walk) -> _Seen:
    """Go through the whole data set; what decides over identity and size may be there once."""
    seen = _Seen({})
    for element in walk:
        if element.tag in _WANTED:
            if element.tag in seen.values:
                raise _twice()
            seen.values[element.tag] = _value(walk, element)
        elif element.tag in PIXEL_TAGS:
            if seen.pixels is not None:
                raise _twice()
            seen.pixels = element
    return seen


def _twice() -> BadUpload:
    return BadUpload(
        "named_twice",
        "The header names something twice that there can be only once (such as the patient ID or "
        "the pixels), so readers would differ about it. Export the file again.",
    )


def _value(walk: Walk, element: Element) -> bytes:
    if element.length > _LONGEST_VALUE:
        raise BadUpload(
            "malformed", "An identifier in the header is far too long. Export the file again."
        )
    return walk.value(element, _LONGEST_VALUE)


def _identity(values: Mapping[int, bytes]) -> Identity:
    uids = {tag: _uid(_text(values, tag), whose) for tag, whose in _UIDS.items()}
    character_set = _text(values, _CHARACTER_SET).split("\\")[0].strip()
    patient_id = decoded(values.get(_PATIENT_ID, b""), character_set)
    return Identity(patient_id, uids[_STUDY_UID], uids[_SERIES_UID], uids[_SOP_UID])


def _uid(value: str, whose: str) -> str:
    if not value:
        raise BadUpload(
            "uid_missing",
            f"The header does not name its {whose} (UID), so the archive cannot file it. "
            "Export it again from the system it comes from.",
        )
    if len(value) > _LONGEST_UID or not _UID.fullmatch(value):
        raise BadUpload(
            "uid_malformed",
            f"The {whose}'s UID is not one (digits and dots, at most {_LONGEST_UID}), so nobody "
            "could ask the archive for it. Export it again from the system it comes from.",
        )
    return value


def _text(values: Mapping[int, bytes], tag: int) -> str:
    return values.get(tag, b"").decode("latin-1").strip(" \0")
