"""Whether an instance has a picture at all, and what to call it when it has none."""

from __future__ import annotations

import re

from pacs_proxy.decoding.elements import HEAD_BYTES, Header, read_header

_VIDEO = re.compile(r"1\.2\.840\.10008\.1\.2\.(4\.10\d|7\.\d)")
_REFERENCED = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in ("94", "95", "204", "205"))
_CLASSES = "1.2.840.10008.5.1.4.1.1."
# Longest first: the first prefix that fits counts.
_NAMES = (
    (_CLASSES + "88.59", "key object selection"),
    (_CLASSES + "88.", "report"),
    (_CLASSES + "104.", "document"),
    (_CLASSES + "9.", "waveform"),
    (_CLASSES + "11.", "presentation state"),
    (_CLASSES + "481.3", "structure set"),
    (_CLASSES + "481.", "treatment record"),
    (_CLASSES + "66.5", "surface"),
    (_CLASSES + "66.", "registration"),
    (_CLASSES + "67", "value mapping"),
    (_CLASSES + "68.", "surface"),
    (_CLASSES + "91.", "annotation"),
    (_CLASSES + "4.2", "spectroscopy"),
    ("1.2.840.10008.1.3.10", "directory"),
)
_TREATMENT_PLANS = (_CLASSES + "481.5", _CLASSES + "481.8")
_SOP_CLASS, _ROWS = 0x00080016, 0x00280010


def picture_kind(head: bytes) -> str:
    """Return "image" when there is a picture to draw, else a name for the placeholder.

    `head` is the first HEAD_BYTES of the file, or all of a shorter one. Never raises.
    """
    return kind_of(read_header(head))


def kind_of(header: Header) -> str:
    """The same, of a header already read."""
    if _VIDEO.fullmatch(header.syntax):
        return "video"
    if header.syntax in _REFERENCED:
        return "remote image"
    if header.pixels is not None:
        return "image"
    # A header so long that its end is not at hand: the picture comes later.
    if len(header.body) >= HEAD_BYTES and _ROWS in header.elements:
        return "image"
    return _named(header)


def _named(header: Header) -> str:
    sop_class = header.text(_SOP_CLASS) or header.media_class
    if not sop_class and not header.has_meta:
        return "unknown"
    if sop_class in _TREATMENT_PLANS:
        return "treatment plan"
    named = (name for prefix, name in _NAMES if sop_class.startswith(prefix))
    return next(named, "no picture")
