"""DICOM files made byte by byte: right ones, and ones that no toolkit would write."""

from __future__ import annotations

import struct
import zlib

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
BIG, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
JPEG, RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"
MPEG4 = "1.2.840.10008.1.2.4.102"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
REFERENCED = 0x00081140

_LONG = {b"OB", b"OW", b"SQ", b"UN", b"UT", b"OF"}


class Coding:
    """How elements are written."""

    def __init__(self, *, implicit: bool = False, little: bool = True) -> None:
        self.implicit, self.mark = implicit, "<" if little else ">"

    def tag(self, tag: int) -> bytes:
        return struct.pack(self.mark + "HH", tag >> 16, tag & 0xFFFF)

    def element(self, tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
        """One element; `length` lies about it where given."""
        if len(value) % 2:
            value += b"\0" if vr in {b"UI", b"OB"} else b" "
        count = len(value) if length is None else length
        if self.implicit:
            return self.tag(tag) + struct.pack(self.mark + "I", count) + value
        if vr in _LONG:
            return self.tag(tag) + vr + b"\0\0" + struct.pack(self.mark + "I", count) + value
        return self.tag(tag) + vr + struct.pack(self.mark + "H", count) + value

    def short(self, tag: int, number: int) -> bytes:
        return self.element(tag, b"US", struct.pack(self.mark + "H", number))

    def item(self, value: bytes, length: int | None = None) -> bytes:
        return (
            self.tag(ITEM)
            + struct.pack(self.mark + "I", len(value) if length is None else length)
            + value
        )

    def end(self, tag: int) -> bytes:
        return self.tag(tag) + b"\0\0\0\0"

    def nested(self, depth: int, *, defined: bool = True, vr: bytes = b"SQ") -> bytes:
        """Sequences within sequences; built from inside out."""
        value = b""
        for _ in range(depth):
            if defined:
                value = self.element(REFERENCED, vr, self.item(value))
            else:
                item = self.item(value + self.end(ITEM_END), UNDEFINED)
                value = self.element(REFERENCED, vr, item + self.end(SEQUENCE_END), UNDEFINED)
        return value


def coding(syntax: str) -> Coding:
    return Coding(implicit=syntax == IMPLICIT, little=syntax != BIG)


def file_header(
    syntax: str,
    group_length: int | None = None,
    sop_uid: str = "1.2.3.4",
    sop_class: str = SECONDARY_CAPTURE,
) -> bytes:
    plain = Coding()
    rest = (
        plain.element(0x00020002, b"UI", sop_class.encode())
        + plain.element(0x00020003, b"UI", sop_uid.encode())
        + plain.element(0x00020010, b"UI", syntax.encode())
    )
    count = struct.pack("<I", len(rest) if group_length is None else group_length)
    return bytes(128) + b"DICM" + plain.element(0x00020000, b"UL", count) + rest


def identifiers(
    code: Coding, sop: str = "1.2.3.4", series: str = "1.2.3", study: str = "1.2"
) -> bytes:
    return (
        code.element(0x00080016, b"UI", SECONDARY_CAPTURE.encode())
        + code.element(0x00080018, b"UI", sop.encode())
        + code.element(0x00080060, b"CS", b"OT")
        + code.element(0x00100020, b"LO", b"P1")
        + code.element(0x0020000D, b"UI", study.encode())
        + code.element(0x0020000E, b"UI", series.encode())
    )


def picture(
    code: Coding, rows: int = 4, columns: int = 6, frames: str = "", bits: int = 8
) -> bytes:
    return (
        code.short(0x00280002, 1)
        + code.element(0x00280004, b"CS", b"MONOCHROME2")
        + (code.element(0x00280008, b"IS", frames.encode()) if frames else b"")
        + code.short(0x00280010, rows)
        + code.short(0x00280011, columns)
        + code.short(0x00280100, bits)
        + code.short(0x00280101, bits)
        + code.short(0x00280102, bits - 1)
        + code.short(0x00280103, 0)
    )


def native(code: Coding, count: int = 24) -> bytes:
    return code.element(0x7FE00010, b"OW", bytes(range(256)) * (count // 256) + bytes(count % 256))


def encapsulated(pieces: list[bytes], table: bytes = b"", *, closed: bool = True) -> bytes:
    plain = Coding()
    items = b"".join(plain.item(piece) for piece in [table, *pieces])
    end = plain.end(SEQUENCE_END) if closed else b""
    return plain.element(0x7FE00010, b"OB", items + end, UNDEFINED)


def dicom(
    syntax: str = EXPLICIT,
    before: bytes = b"",
    image: bytes | None = None,
    pixels: bytes | None = None,
    after: bytes = b"",
    sop: str = "1.2.3.4",
) -> bytes:
    """A whole file; `before` follows the identifiers, `after` the pixels."""
    code = coding(syntax)
    head = identifiers(code, sop=sop) + before
    image = picture(code) if image is None else image
    pixels = _pixels(syntax, code) if pixels is None else pixels
    body = head + image + pixels + after
    return file_header(syntax, sop_uid=sop) + (_deflated(body) if syntax == DEFLATED else body)


def _pixels(syntax: str, code: Coding) -> bytes:
    if syntax in {JPEG, RLE, MPEG4}:
        return encapsulated([b"\xff\xd8\xff\xd9" * 4])
    return native(code)


def _deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()
