"""What a file is, by its content alone: names and extensions on discs say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pacs_proxy.decoding.elements import KNOWN_VRS
from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.fileheader import FileHeader, read_file_header
from pacs_proxy.ingest.source import Window

# So many bytes from the beginning decide, and a word at the start of an ISO 9660 volume.
HEAD_BYTES = 512
_VOLUME = 32768
_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"


class Kind(StrEnum):
    """What the pipeline does with a file depends on this."""

    DICOM = "dicom"
    DICOMDIR = "dicomdir"
    ZIP = "zip"
    ISO = "iso"
    TIFF = "tiff"
    OTHER = "other"


@dataclass(frozen=True)
class Format:
    """The kind; of other files also why they are passed over, of DICOM files the header if read."""

    kind: Kind
    code: str = ""
    detail: str = ""
    header: FileHeader | None = None


_BEGINNINGS = (
    (b"PK\3\4", Kind.ZIP),
    (b"PK\5\6", Kind.ZIP),
    (b"II*\0", Kind.TIFF),
    (b"MM\0*", Kind.TIFF),
    (b"II+\0", Kind.TIFF),
    (b"MM\0+", Kind.TIFF),
)
_PACKED = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
)
_OTHERS = (
    (b"%PDF", "a PDF document"),
    (b"\xff\xd8\xff", "a JPEG picture without DICOM around it"),
    (b"\x89PNG", "a PNG picture without DICOM around it"),
    (b"GIF8", "a GIF picture without DICOM around it"),
    (b"BM", "a bitmap without DICOM around it"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"\xd0\xcf\x11\xe0", "an office document"),
    (b"<", "a web page or XML file"),
)


def recognise(window: Window) -> Format:
    """Look at the first bytes; raises BadUpload for what can be said to be of no use at all."""
    head = window.value(0, HEAD_BYTES)
    if not head:
        raise BadUpload("empty", "The file is empty. Copy or export it again.")
    if head[128:132] == b"DICM" or is_bare(head):
        return _dicom(window)
    named = next((kind for begin, kind in _BEGINNINGS if head.startswith(begin)), None)
    if named:
        return Format(named)
    if window.value(_VOLUME, 6)[1:] == b"CD001":
        return Format(Kind.ISO)
    _refuse_packed(head)
    return Format(Kind.OTHER, "not_an_image", f"Not an image: {_words(head)}. It was left out.")


def is_bare(head: bytes) -> bool:
    """Whether it begins as DICOM does without the 128 bytes and "DICM" before it."""
    group, number, coded = head[:2], head[2:4], head[4:6]
    if coded in KNOWN_VRS:
        little = group in (b"\x02\0", b"\x08\0") and number[1:] == b"\0"
        return little or (group == b"\0\x08" and number[:1] == b"\0")
    # Implicit coding: a short value stands at the beginning of group 0008.
    return group == b"\x08\0" and number[1:] == b"\0" and head[5:8] == b"\0\0\0"


def _dicom(window: Window) -> Format:
    try:
        header = read_file_header(window)
    except BadUpload:
        return Format(Kind.DICOM)  # the shield says what is wrong with it
    is_directory = header.media_class == _DIRECTORY_CLASS
    return Format(Kind.DICOMDIR if is_directory else Kind.DICOM, header=header)


def _refuse_packed(head: bytes) -> None:
    packed = next((name for begin, name in _PACKED if head.startswith(begin)), None)
    if head[257:262] == b"ustar":
        packed = "tar"
    if packed:
        raise BadUpload(
            "packed",
            f"The file is a {packed} archive, which is not unpacked here. "
            "Unpack it and send the files, or pack them as ZIP.",
        )


def _words(head: bytes) -> str:
    named = next((words for begin, words in _OTHERS if head.startswith(begin)), None)
    if named:
        return named
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in head)
    return "a text" if printable > 0.9 * len(head) else "no format that is known here"
