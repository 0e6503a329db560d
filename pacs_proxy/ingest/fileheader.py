"""What precedes the data set (PS3.10 7.1), and how the data set is coded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pacs_proxy.decoding.elements import (
    DEFLATED,
    EXPLICIT_BIG,
    IMPLICIT_LITTLE,
    KNOWN_VRS,
    LONG_VRS,
)
from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.source import Window

_EXPLICIT = "1.2.840.10008.1.2.1"
NATIVE = frozenset({IMPLICIT_LITTLE, _EXPLICIT, EXPLICIT_BIG}) | DEFLATED
VIDEO = re.compile(r"1\.2\.840\.10008\.1\.2\.(4\.10[0-8](\.1)?|7\.[123])")
_ENCAPSULATED = re.compile(
    r"1\.2\.840\.10008\.1\.2\."
    # RLE, frames deflated one by one, frames not compressed at all
    r"(5|8\.1|1\.98"
    # JPEG, JPEG-LS, JPEG 2000, HTJ2K, JPEG XL
    r"|4\.(5[01357]|70|8[01]|9[0123]|20[123]|11[012]))"
)
_MOST_ELEMENTS = 64
_LONGEST_VALUE = 128


@dataclass(frozen=True)
class FileHeader:
    """`start` is where the data set begins; `syntax` is empty when the file names none."""

    start: int
    syntax: str
    media_class: str
    implicit: bool
    little: bool

    @property
    def is_deflated(self) -> bool:
        """Whether the data set must be inflated before it can be read."""
        return self.syntax in DEFLATED

    @property
    def is_native(self) -> bool:
        """Whether pixels are not encapsulated."""
        return not self.syntax or self.syntax in NATIVE

    @property
    def is_video(self) -> bool:
        """Whether one stream holds all frames."""
        return VIDEO.fullmatch(self.syntax) is not None


def read_file_header(window: Window) -> FileHeader:
    """Read group 0002, with or without the preamble before it, or guess where there is none."""
    at = 132 if window.value(0, 132)[128:] == b"DICM" else 0
    begin, declared, texts = at, 0, {0x00020002: "", 0x00020010: ""}
    for tag, value, following in _elements(window, at):
        if tag == 0x00020000:
            declared, begin = int.from_bytes(value[:4], "little"), following
        texts[tag] = value.decode("latin-1").strip(" \0")
        at = following
    if declared > at - begin:
        # Orthanc spends half a minute on a large one, and loses the data set to a small one.
        raise BadUpload(
            "file_header",
            "The file header states a wrong length of its own. Export it again.",
        )
    return _coded(window, at, texts[0x00020010], texts[0x00020002])


def _elements(window: Window, at: int) -> Iterator[tuple[int, bytes, int]]:
    """Tag, beginning of the value, and where the next element begins."""
    for _ in range(_MOST_ELEMENTS):
        head = window.value(at, 12)
        if head[:2] != b"\x02\0":
            return
        wide = head[4:6] in LONG_VRS
        start = at + (12 if wide else 8)
        length = int.from_bytes(head[8:12] if wide else head[6:8], "little")
        if len(head) < start - at or start + length > window.size:
            raise BadUpload(
                "truncated", "The file ends within its file header. Copy or export it again."
            )
        yield (
            0x00020000 | int.from_bytes(head[2:4], "little"),
            window.value(start, min(length, _LONGEST_VALUE)),
            start + length,
        )
        at = start + length
    raise BadUpload("file_header", "The file header has too many elements. Export the file again.")


def _coded(window: Window, at: int, syntax: str, media_class: str) -> FileHeader:
    first = window.value(at, 8)
    if syntax in DEFLATED:
        return FileHeader(at, syntax, media_class, implicit=False, little=True)
    if syntax and syntax not in NATIVE and not _is_compressed(syntax):
        raise BadUpload(
            "transfer_syntax",
            "The file is coded in a way (transfer syntax) that the DICOM standard does not know, "
            "so no viewer could show it. Export it as Explicit VR Little Endian.",
        )
    implicit = first[4:6] not in KNOWN_VRS
    if not syntax:
        return _guessed(at, first, media_class, implicit=implicit)
    if len(first) == 8 and implicit != (syntax == IMPLICIT_LITTLE):
        raise BadUpload(
            "coding",
            "The data are coded otherwise than the file header says. Export it again.",
        )
    return FileHeader(at, syntax, media_class, implicit, syntax != EXPLICIT_BIG)


def _is_compressed(syntax: str) -> bool:
    return bool(_ENCAPSULATED.fullmatch(syntax) or VIDEO.fullmatch(syntax))


def _guessed(at: int, first: bytes, media_class: str, *, implicit: bool) -> FileHeader:
    """Only beginnings that every reader takes for the same coding: a group 0008 as it must be."""
    little = first[:2] == b"\x08\0" and first[3:4] == b"\0"
    big = first[:3] == b"\0\x08\0" and not implicit
    if not little and not big:
        raise BadUpload("not_dicom", "This is no DICOM file: it does not begin like one.")
    return FileHeader(at, "", media_class, implicit, little)
