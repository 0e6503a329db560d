"""Files made to harm whoever unpacks or parses them, each with the refusal it must meet."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from tests.ingest import dicom as make
from tests.ingest.dicom import DEFLATED, IMPLICIT, JPEG, UNDEFINED, Coding, dicom

PLAIN, HIDDEN = Coding(), Coding(implicit=True)
_OPENED = PLAIN.element(make.REFERENCED, b"SQ", PLAIN.item(b"", UNDEFINED), UNDEFINED)


@dataclass(frozen=True)
class Bomb:
    """`codes`: what may become of the upload or of its members, beside "" for what is stored."""

    name: str
    data: bytes
    codes: frozenset[str]


def bombs() -> Iterator[Bomb]:
    """One after the other: some are large."""
    for name, data, *codes in (*_files(), *_zips()):
        assert isinstance(name, str)
        assert isinstance(data, bytes)
        yield Bomb(name, data, frozenset(str(code) for code in codes))


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return made.getvalue()


def _files() -> Iterator[tuple[object, ...]]:
    elements = PLAIN.element(0x00091001, b"LO", b"") * 1_000_000
    yield "nested 10 000 deep", dicom(before=_OPENED * 10_000), "too_deep"
    yield "nested 60 deep", dicom(before=PLAIN.nested(60)), "too_deep"
    yield "nested 60 deep, implicit", dicom(IMPLICIT, before=HIDDEN.nested(60)), "too_deep"
    yield "a million elements", dicom(before=elements), "too_many_elements"
    items = PLAIN.element(make.REFERENCED, b"SQ", PLAIN.item(b"") * 1_000_000)
    yield "a million items", dicom(before=items), "too_many_elements"
    fragments = make.encapsulated([b""] * 1_000_000)
    yield "a million fragments", dicom(JPEG, pixels=fragments), "too_many_fragments"
    lie = PLAIN.element(0x7FE00010, b"OW", bytes(24), 0xFFFFFFF0)
    yield "4 GiB of pixels in 24 bytes", dicom(pixels=lie), "truncated"
    header = make.file_header(make.EXPLICIT, 0xFFFFFF00)
    yield "a file header of 4 GiB", header + dicom()[160:], "file_header"
    flat = PLAIN.element(0x7FE00010, b"OW", bytes(100 << 20))
    yield "100 MB deflated", dicom(DEFLATED, pixels=flat), "inflates_too_much"
    claim = make.picture(PLAIN, rows=65535, columns=65535)
    yield "65 535 x 65 535 pixels", dicom(image=claim), "pixels_short"


def _zips() -> Iterator[tuple[object, ...]]:
    good = dicom(sop="1.2.77.1")
    yield "256 MB of zeros", packed(("zeros", bytes(256 << 20))), "unpacks_too_large"
    yield "42.zip's idea", packed(("a.zip", packed(("b", bytes(1 << 20))))), "nested"
    outside = packed(("../../../../tmp/evil", good), ("/etc/evil", dicom(sop="1.2.77.2")))
    yield "names that lead outside", outside, ""
    yield "100 000 members", _many(100_000), "too_many_members"
    yield "members upon each other", _overlapping(good), "archive_overlaps"
    yield "an encrypted member", _encrypted(good), "encrypted", "archive_damaged"
    yield "a cut one", packed(("a", good))[:-30], "archive_damaged"
    yield "a flipped one", _flipped(good), "member_damaged"
    yield "a list that lies", _lying(good), "archive_damaged", "member_damaged", "archive_overlaps"


def _overlapping(data: bytes) -> bytes:
    """Twenty entries for one and the same member."""
    made = packed(("a", data * 400), method=zipfile.ZIP_STORED)
    start = made.rindex(b"PK\1\2")
    entry, end = made[start : made.rindex(b"PK\5\6")], made[made.rindex(b"PK\5\6") :]
    count = struct.pack("<HHI", 20, 20, 20 * len(entry))
    return made[:start] + entry * 20 + end[:8] + count + end[16:]


def _many(count: int) -> bytes:
    """Empty members, all with one name and without a file behind them."""
    made = packed(("a", b""))
    start, end = made.index(b"PK\1\2"), made.index(b"PK\5\6")
    listed = made[start:end] * count
    counts = struct.pack("<HHI", count & 0xFFFF, count & 0xFFFF, len(listed))
    return made[:start] + listed + made[end : end + 8] + counts + made[end + 16 :]


def _encrypted(data: bytes) -> bytes:
    made = bytearray(packed(("a", data)))
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        made[made.index(mark) + at] |= 1
    return bytes(made)


def _flipped(data: bytes) -> bytes:
    made = bytearray(packed(("a", data), method=zipfile.ZIP_STORED))
    made[200] ^= 1
    return bytes(made)


def _lying(data: bytes) -> bytes:
    made = bytearray(packed(("a", data)))
    entry = made.index(b"PK\1\2")
    made[entry + 24 : entry + 28] = struct.pack("<I", 5)
    return bytes(made)


def noise(size: int) -> bytes:
    """Bytes of no format."""
    return b"\xfe" + os.urandom(size - 1)
