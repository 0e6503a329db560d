"""A bounded, iterative walk over the elements of a DICOM header that nobody has vouched for."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

# So much of a file holds the whole header of nearly every instance, and the start of its pixels.
HEAD_BYTES = 1 << 18
UNDEFINED = 0xFFFFFFFF
ELEMENT_LIMIT = 20_000
DEPTH_LIMIT = 64

PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
# Sequences of defined length that are entered; all others are skipped whole.
ENTERED = frozenset({0x52009229, 0x52009230, 0x00289145})
# The shared groups of a slide: its spacing lies two levels deep.
SHARED_MEASURES = frozenset({0x52009229, 0x00289110})
RESCALE_SLOPE, PIXEL_SPACING = 0x00281053, 0x00280030

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = frozenset({"1.2.840.10008.1.2.1.99"})

SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
KNOWN_VRS = SHORT_VRS | LONG_VRS
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


@dataclass(frozen=True, slots=True)
class Element:
    """Where a value lies; `length` may reach beyond the bytes at hand."""

    tag: int
    vr: bytes
    start: int
    length: int


@dataclass(slots=True)
class Header:
    """What could be read before the pixels; `body` is what the offsets refer to."""

    body: bytes
    syntax: str = ""
    has_preamble: bool = False
    has_meta: bool = False
    little: bool = True
    media_class: str = ""
    elements: dict[int, Element] = field(default_factory=dict)
    slopes: list[str] = field(default_factory=list)
    spacings: list[str] = field(default_factory=list)
    pixels: Element | None = None
    oddity: str = ""
    stopped: bool = False

    def raw(self, tag: int) -> bytes:
        """The value's bytes as far as they are at hand; empty when absent."""
        found = self.elements.get(tag)
        if found is None or found.length == UNDEFINED:
            return b""
        return self.body[found.start : found.start + min(found.length, 1024)]

    def text(self, tag: int) -> str:
        """The first value of a text element, without padding."""
        value = self.raw(tag).split(b"\\")[0]
        return value.decode("ascii", "replace").strip(" \0")

    def number(self, tag: int, default: int) -> int:
        """An unsigned whole number, as US or UL."""
        value = self.raw(tag)[:4]
        if len(value) < 2:
            return default
        return int.from_bytes(value if len(value) == 4 else value[:2], self.order)

    @property
    def order(self) -> Literal["little", "big"]:
        """Byte order, in int.from_bytes' words."""
        return "little" if self.little else "big"


@dataclass(slots=True)
class _Level:
    """One open sequence: where it ends, when known, and how its elements are coded."""

    end: int | None
    implicit: bool


class _Walk:
    def __init__(self, header: Header, implicit: bool, entered: frozenset[int]) -> None:
        self.header, self.body, self.entered = header, header.body, entered
        self.order = header.order
        self.base = _Level(None, implicit)
        self.open: list[_Level] = []

    def run(self, position: int) -> None:
        for _ in range(ELEMENT_LIMIT):
            if position + 8 > len(self.body) or self.header.pixels or self.header.stopped:
                return
            while self.open and self.open[-1].end is not None and position >= self.open[-1].end:
                self.open.pop()
            position = self.step(position)

    def step(self, at: int) -> int:
        tag = self.tag(at)
        if tag >> 16 == 0xFFFE:
            return self.delimiter(tag, at)
        element = self.element(tag, at)
        if tag in PIXEL_TAGS:
            return self.pixels(element)
        self.note(element)
        return self.enter(element)

    def tag(self, at: int) -> int:
        return self.whole(at, 2) << 16 | self.whole(at + 2, 2)

    def whole(self, at: int, size: int) -> int:
        return int.from_bytes(self.body[at : at + size], self.order)

    def delimiter(self, tag: int, at: int) -> int:
        if tag == _SEQUENCE_END and self.open and self.open[-1].end is None:
            self.open.pop()
        return at + 8

    def element(self, tag: int, at: int) -> Element:
        level = self.open[-1] if self.open else self.base
        if level.implicit:
            return Element(tag, b"", at + 8, self.whole(at + 4, 4))
        vr = self.body[at + 4 : at + 6]
        if vr in LONG_VRS:
            return Element(tag, vr, at + 12, self.whole(at + 8, 4))
        if vr not in SHORT_VRS:
            self.header.oddity = "a value representation that browsers do not know"
            self.header.stopped = not vr.isalpha()
        return Element(tag, vr, at + 8, self.whole(at + 6, 2))

    def note(self, element: Element) -> None:
        if not self.open:
            self.header.elements.setdefault(element.tag, element)
        if element.tag in {RESCALE_SLOPE, PIXEL_SPACING} and element.length <= 64:
            value = self.body[element.start : element.start + element.length]
            kept = self.header.slopes if element.tag == RESCALE_SLOPE else self.header.spacings
            kept.append(value.decode("ascii", "replace").strip(" \0"))
        if element.vr == b"UN" and not element.tag >> 16 & 1 and self.is_item(element.start):
            self.header.oddity = "a sequence coded as an unknown value"

    def is_item(self, at: int) -> bool:
        return self.body[at : at + 4] == b"\xfe\xff\x00\xe0"

    def enter(self, element: Element) -> int:
        if element.length != UNDEFINED and element.tag not in self.entered:
            return element.start + element.length
        if len(self.open) >= DEPTH_LIMIT:
            self.header.stopped = True
        end = None if element.length == UNDEFINED else element.start + element.length
        # An element of unknown VR and undefined length is coded implicitly (PS3.5 6.2.2).
        implicit = self.base.implicit or element.vr == b"UN"
        self.open.append(_Level(end, implicit))
        return element.start

    def pixels(self, element: Element) -> int:
        if not self.open:
            self.header.pixels = element
            return element.start
        if element.length != UNDEFINED:
            return element.start + element.length
        return self.past_fragments(element.start)

    def past_fragments(self, at: int) -> int:
        """The position after an icon's compressed pixels."""
        for _ in range(ELEMENT_LIMIT):
            if at + 8 > len(self.body) or self.tag(at) == _SEQUENCE_END:
                break
            at += 8 + self.whole(at + 4, 4)
        return at + 8


def read_header(head: bytes, entered: frozenset[int] = ENTERED) -> Header:
    """Read what can be read; never raises, takes bounded time, follows no recursion."""
    header = Header(bytes(head))
    start = _meta(header)
    if header.syntax in DEFLATED:
        header.body, start = _inflated(header.body[start:]), 0
    header.little = header.syntax != EXPLICIT_BIG
    _Walk(header, _implicit(header, start), entered).run(start)
    return header


def _implicit(header: Header, start: int) -> bool:
    """What the first element says, not what the file claims; a difference is noted."""
    implicit = header.body[start + 4 : start + 6] not in KNOWN_VRS
    if len(header.body) < start + 8:
        return implicit
    if header.has_meta and implicit is not (header.syntax == IMPLICIT_LITTLE):
        header.oddity = "coded otherwise than its transfer syntax says"
    return implicit


def _meta(header: Header) -> int:
    """Read group 0002; returns where the data set begins."""
    header.has_preamble = header.body[128:132] == b"DICM"
    at = 132 if header.has_preamble else 0
    for tag, value, following in _meta_elements(header.body, at):
        header.has_meta = True
        if tag == 0x00020010:
            header.syntax = value.decode("ascii", "replace").strip(" \0")
        if tag == 0x00020002:
            header.media_class = value.decode("ascii", "replace").strip(" \0")
        at = following
    return at


def _meta_elements(body: bytes, at: int) -> Iterator[tuple[int, bytes, int]]:
    for _ in range(64):
        if body[at : at + 2] != b"\x02\x00" or at + 8 > len(body):
            return
        tag = 0x00020000 | int.from_bytes(body[at + 2 : at + 4], "little")
        wide = body[at + 4 : at + 6] in LONG_VRS
        start = at + (12 if wide else 8)
        length = int.from_bytes(body[start - 4 if wide else at + 6 : start], "little")
        yield tag, body[start : start + min(length, 256)], start + length
        at = start + length


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, HEAD_BYTES)
    except zlib.error:
        return b""
