"""The structure of a data set, checked without recursion: lengths, nesting and numbers."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pacs_proxy.decoding.elements import KNOWN_VRS, LONG_VRS, UNDEFINED
from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.fileheader import FileHeader
from pacs_proxy.ingest.source import Window

PIXEL_DATA = 0x7FE00010
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONGEST_PADDING = 1 << 20
# Fragments are passed over, not read.
_FRAGMENT_AHEAD = 64


class Element(NamedTuple):
    """One element of the data set itself; `vr` is empty in implicit coding."""

    tag: int
    vr: bytes
    start: int
    length: int


class Fragments(NamedTuple):
    """Encapsulated pixels (PS3.5 A.4): the offset table's length, then what follows it."""

    table: int
    pieces: int
    size: int


@dataclass(frozen=True)
class Limits:
    """Orthanc 1.10.1 dies at 48 nested sequences and needs time by the square of neighbours.

    100 000 elements beside each other, or items in one sequence, hold it for half a minute.
    """

    depth: int = 16
    elements: int = 200_000
    neighbours: int = 20_000
    fragments: int = 300_000

    @property
    def effort(self) -> int:
        """Pairs of neighbours that the archive may have to compare."""
        return self.neighbours * self.neighbours // 2


class _Level:
    """An open sequence or item; `bound` is where it, or what surrounds it, ends at the latest."""

    __slots__ = ("bound", "count", "ends", "guess", "implicit", "sequence")

    def __init__(
        self, bound: int, *, ends: bool, sequence: bool, implicit: bool, guess: bool = False
    ) -> None:
        self.bound, self.ends, self.sequence = bound, ends, sequence
        self.implicit, self.guess, self.count = implicit, guess, 0


class _Malformed(Exception):
    """The bytes at hand do not have the form they must have."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Walk:
    """The elements of the data set itself, in their order, with everything below them checked.

    Those of `inner` are given wherever they are.

    `fragments` is known once encapsulated pixels were passed. Raises BadUpload.
    """

    def __init__(
        self,
        window: Window,
        header: FileHeader,
        limits: Limits,
        *,
        start: int | None = None,
        inner: frozenset[int] = frozenset(),
    ) -> None:
        self._window, self._limits, self._inner = window, limits, inner
        self._start = header.start if start is None else start
        implicit, little = header.implicit, header.little
        mark = "<" if little else ">"
        self._explicit_head = struct.Struct(mark + "HH2sH").unpack_from
        self._implicit_head = struct.Struct(mark + "HHI").unpack_from
        self._long = struct.Struct(mark + "I").unpack_from
        self._item_mark = struct.pack(mark + "HH", ITEM >> 16, ITEM & 0xFFFF)
        self._level = _Level(window.size, ends=True, sequence=False, implicit=implicit)
        self._outer: list[_Level] = []
        self._depth = self._total = self._effort = 0
        self.fragments: Fragments | None = None

    def __iter__(self) -> Iterator[Element]:
        at = self._start
        while True:
            try:
                at = self._closed(at)
                is_top = not self._outer
                if is_top and at == self._window.size:
                    return
                element = self._read(at)
                if is_top and not element.tag:
                    return self._expect_padding(at)
                at = self._pass(element)
            except _Malformed as error:
                at = self._recovered(error)
                continue
            if is_top or element.tag in self._inner:
                yield element

    def value(self, element: Element, most: int) -> bytes:
        """The bytes of the element just given."""
        return self._window.value(element.start, min(element.length, most))

    def _closed(self, at: int) -> int:
        """Leave what ends here."""
        while self._outer and self._level.ends and at == self._level.bound:
            self._pop()
        if self._outer and at >= self._level.bound:
            raise _Malformed("malformed", "A sequence is not closed where it must be.")
        return at

    def _read(self, at: int) -> Element:
        offset = self._window.find(at, 12)
        buffer = self._window.buffer
        if offset + 8 > len(buffer):
            raise _Malformed("truncated", f"The file ends within an element, at byte {at}.")
        if self._level.implicit:
            group, number, length = self._implicit_head(buffer, offset)
            return Element(group << 16 | number, b"", at + 8, length)
        group, number, vr, length = self._explicit_head(buffer, offset)
        if group == 0xFFFE:
            return Element(group << 16 | number, b"", at + 8, self._long(buffer, offset + 4)[0])
        if vr in LONG_VRS and offset + 12 <= len(buffer):
            return Element(group << 16 | number, vr, at + 12, self._long(buffer, offset + 8)[0])
        if vr not in KNOWN_VRS and group | number:
            raise _Malformed("malformed", f"What stands at byte {at} is no DICOM element.")
        return Element(group << 16 | number, vr, at + 8, length)

    def _pass(self, element: Element) -> int:
        """Check one element; where the next one begins."""
        tag, vr, start, length = element
        if tag >> 16 == 0xFFFE:
            return self._delimit(element)
        if self._level.sequence:
            raise _Malformed("malformed", "A sequence contains something that is no item.")
        self._count()
        if length == UNDEFINED:
            return self._open(element)
        end = self._end(start, length)
        if vr == b"SQ":
            self._push(end, ends=True, sequence=True)
            return start
        if vr in (b"", b"UN") and length >= 8 and self._begins_with_item(start):
            # Some readers take it for a sequence, by their dictionaries or CP-246; we can't know.
            self._push(end, ends=True, sequence=True, implicit=True, guess=True)
            return start
        return end

    def _begins_with_item(self, at: int) -> bool:
        offset = self._window.find(at, 4)
        return self._window.buffer.startswith(self._item_mark, offset)

    def _end(self, start: int, length: int) -> int:
        """Where a value ends, within what surrounds it."""
        end, bound = start + length, self._level.bound
        if end > self._window.size:
            missing = end - self._window.size
            raise _Malformed("truncated", f"The file ends {missing} bytes too early.")
        if end > bound:
            raise _Malformed("malformed", "A value is longer than the sequence it is part of.")
        return end

    def _open(self, element: Element) -> int:
        """Enter what has no declared length."""
        if element.tag == PIXEL_DATA and element.vr != b"UN":
            return self._pass_fragments(element.start)
        if element.vr not in (b"SQ", b"UN", b""):
            raise _Malformed("malformed", "A value has no length, as only sequences may.")
        # An unknown value without a length is coded implicitly (PS3.5 6.2.2).
        implicit = self._level.implicit or element.vr == b"UN"
        self._push(self._level.bound, ends=False, sequence=True, implicit=implicit)
        return element.start

    def _delimit(self, element: Element) -> int:
        level = self._level
        if element.tag == ITEM and level.sequence:
            self._count()
            return self._enter_item(element)
        closes = SEQUENCE_END if level.sequence else ITEM_END
        if element.tag != closes or level.ends or element.length:
            raise _Malformed("malformed", "An item or delimiter stands where none may be.")
        self._pop()
        return element.start

    def _enter_item(self, element: Element) -> int:
        if element.length == UNDEFINED:
            self._push(self._level.bound, ends=False, sequence=False)
        else:
            self._push(self._end(element.start, element.length), ends=True, sequence=False)
        return element.start

    def _push(
        self,
        bound: int,
        *,
        ends: bool,
        sequence: bool,
        implicit: bool | None = None,
        guess: bool = False,
    ) -> None:
        inherited = self._level.implicit if implicit is None else implicit
        self._outer.append(self._level)
        self._level = _Level(bound, ends=ends, sequence=sequence, implicit=inherited, guess=guess)
        self._depth += sequence
        if self._depth > self._limits.depth:
            raise BadUpload(
                "too_deep",
                f"Sequences lie more than {self._limits.depth} deep within each other; this can "
                "stop the archive. Ask where the file comes from to export it without them.",
            )

    def _pop(self) -> None:
        self._depth -= self._level.sequence
        self._level = self._outer.pop()

    def _count(self) -> None:
        self._total += 1
        self._level.count += 1
        self._effort += self._level.count
        if self._total > self._limits.elements or self._effort > self._limits.effort:
            raise BadUpload(
                "too_many_elements",
                "The header has so many elements that it would hold up the archive "
                f"({self._total} were counted). Export the images in smaller files.",
            )

    def _pass_fragments(self, at: int) -> int:
        """Check encapsulated pixels (PS3.5 A.4); where the next element begins."""
        table = count = size = 0
        while (length := self._fragment(at)) is not None:
            table, size = (length, size) if not count else (table, size + length)
            count += 1
            if count > self._limits.fragments:
                raise BadUpload("too_many_fragments", "The pixel data lie in too many fragments.")
            at += 8 + length
        if not self._outer:
            self.fragments = Fragments(table, max(0, count - 1), size)
        return at + 8

    def _fragment(self, at: int) -> int | None:
        """The length of the fragment whose head is here; None at the end of them."""
        offset = self._window.find(at, 8, ahead=_FRAGMENT_AHEAD)
        if offset + 8 > len(self._window.buffer):
            raise _Malformed("truncated", "The file ends within its compressed pixels.")
        group, number, length = self._implicit_head(self._window.buffer, offset)
        if group << 16 | number == SEQUENCE_END and not length:
            return None
        if group << 16 | number != ITEM:
            raise _Malformed("fragments", "The compressed pixels are not divided as they must be.")
        self._end(at + 8, length)
        return int(length)

    def _expect_padding(self, at: int) -> None:
        """Zeros may follow (media fill their sectors), in a number that Orthanc 1.10 reads over."""
        left = self._window.size - at
        zeros = left <= _LONGEST_PADDING and not left % 8
        if not zeros or self._window.value(at, left).strip(b"\0"):
            raise BadUpload(
                "trailing_bytes",
                "Something that is no DICOM follows the image in this file. Export it again.",
            )

    def _recovered(self, error: _Malformed) -> int:
        """What was only taken for a sequence is opaque then; all else is refused."""
        while self._outer and not self._level.guess:
            self._pop()
        if not self._outer:
            advice = "Copy or export it again." if error.code == "truncated" else "Export it again."
            raise BadUpload(error.code, f"{error.detail} {advice}") from None
        at = self._level.bound
        self._pop()
        return at
