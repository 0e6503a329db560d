"""What only the whole file can tell: fragments without a table, a cut end, junk in unused bits."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial

from pacs_proxy.decoding.codestream import is_chained
from pacs_proxy.decoding.elements import (
    ENTERED,
    EXPLICIT_BIG,
    HEAD_BYTES,
    UNDEFINED,
    Header,
    read_header,
)
from pacs_proxy.decoding.kinds import kind_of
from pacs_proxy.decoding.recognise import JPEG_2000, NATIVE, Image, image_of, reason_for

_LONG_HEADER = 16 * HEAD_BYTES
_EXTENDED_TABLE = 0x7FE00001
_BLOCK = 1 << 20


def conversion_reason_of(descriptor: int) -> str | None:
    """As `conversion_reason`, with the complete file open for reading; its offset is not moved.

    Reads native pixels once when unused bits could hold junk: about 1 ms a megabyte.
    """
    header = header_of(descriptor)
    reason = reason_for(header)
    if reason or header.pixels is None or kind_of(header) != "image":
        return reason
    image = image_of(header)
    if header.pixels.length == UNDEFINED:
        return _fragments(descriptor, image)
    return _native(descriptor, image)


def header_of(descriptor: int, entered: frozenset[int] = ENTERED) -> Header:
    """Read as much of the file as its header needs, within bounds."""
    header = read_header(os.pread(descriptor, HEAD_BYTES, 0), entered)
    if header.pixels is None and os.fstat(descriptor).st_size > HEAD_BYTES:
        header = read_header(os.pread(descriptor, _LONG_HEADER, 0), entered)
    return header


def _native(descriptor: int, image: Image) -> str | None:
    pixels = image.header.pixels
    if pixels is None:
        return None
    if pixels.start + pixels.length > os.fstat(descriptor).st_size:
        return "pixel data cut short"
    if image.syntax not in NATIVE or image.signed or image.stored >= image.allocated:
        return None
    if _has_junk(descriptor, image, pixels.start, pixels.start + pixels.length):
        return "junk in the unused bits of the pixels"
    return None


def _has_junk(descriptor: int, image: Image, start: int, end: int) -> bool:
    """Whether a bit above BitsStored is set; deleting the clean bytes leaves the others."""
    wide = image.allocated == 16
    first = 1 if wide and image.syntax != EXPLICIT_BIG else 0
    spare = max(image.stored - 8, 0) if wide else image.stored
    clean = bytes(range(1 << min(spare, 8)))
    if image.allocated not in {8, 16}:
        return False
    for at in range(start, end, _BLOCK):
        block = os.pread(descriptor, min(_BLOCK, end - at), at)
        if block[first :: 1 + wide].translate(None, clean):
            return True
    return False


def _fragments(descriptor: int, image: Image) -> str | None:
    pixels = image.header.pixels
    if pixels is None:
        return None
    items = _items(descriptor, pixels.start, image.frames + 1)
    if items is None:
        return "pixel data cut short"
    table, fragments = items[0].length, items[1:]
    if image.frames > 1 and table not in {0, 4 * image.frames}:
        return "an offset table that does not fit the frames"
    tabled = table or _EXTENDED_TABLE in image.header.elements
    if image.frames > 1 and not tabled and len(fragments) != image.frames:
        return "frames in several fragments without an offset table"
    if image.syntax in JPEG_2000 and len(fragments) == image.frames:
        return _damaged(descriptor, fragments)
    return None


def _damaged(descriptor: int, fragments: list[_Item]) -> str | None:
    """A stream that OpenJPEG gives up must not reach a browser: it would draw another image."""
    for fragment in fragments:
        if not is_chained(partial(fragment.read, descriptor)):
            return "JPEG 2000 that is cut or damaged"
    return None


@dataclass(frozen=True, slots=True)
class _Item:
    """The offset table or one fragment."""

    start: int
    length: int

    def read(self, descriptor: int, at: int, size: int) -> bytes:
        """Bytes of this item, never beyond its end."""
        size = max(0, min(size, self.length - at))
        return os.pread(descriptor, size, self.start + at)


def _items(descriptor: int, at: int, wanted: int) -> list[_Item] | None:
    """The offset table and up to `wanted` fragments; None when the file ends before they do."""
    items: list[_Item] = []
    size = os.fstat(descriptor).st_size
    while len(items) <= wanted:
        head = os.pread(descriptor, 8, at)
        if head[:4] == b"\xfe\xff\xdd\xe0":
            break
        length = int.from_bytes(head[4:8], "little")
        if head[:4] != b"\xfe\xff\x00\xe0" or at + 8 + length > size:
            # Files without the last delimiter are common, and drawn right.
            return items if len(items) > 1 and size - at < 8 else None
        items.append(_Item(at + 8, length))
        at += 8 + length
    return items or None
