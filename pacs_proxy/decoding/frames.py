"""Where each frame of an instance lies in its file, so that one can be handed out alone."""

from __future__ import annotations

import os
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pacs_proxy.decoding.elements import DEFLATED, UNDEFINED, Element, Header
from pacs_proxy.decoding.items import MOST_ITEMS, Items, items_of, offsets
from pacs_proxy.decoding.recognise import NATIVE, Image, image_of
from pacs_proxy.decoding.survey import header_of
from pacs_proxy.errors import NotFound, NotRenderable

_EXTENDED_TABLE = 0x7FE00001
_HALF = "YBR_FULL_422"

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of one file: `firsts` and `ends` number the fragments of each."""

    syntax: str
    count: int
    items: Items
    firsts: array[int]
    ends: array[int]
    native: Span = (0, 0)

    def spans(self, number: int) -> list[Span]:
        """Start and length of the parts of frame `number` (from 1); NotFound beyond the last."""
        if not 1 <= number <= self.count:
            raise NotFound(f"The instance has {self.count} frames; there is no frame {number}.")
        if self.native[1]:
            start, size = self.native
            return [(start + (number - 1) * size, size)]
        parts = range(self.firsts[number - 1], self.ends[number - 1])
        return [(self.items.starts[part], self.items.lengths[part]) for part in parts]


def pieces(descriptor: int, spans: list[Span], size: int) -> Iterator[bytes]:
    """The bytes of a frame, at most `size` at a time."""
    for start, length in spans:
        for at in range(start, start + length, size):
            yield os.pread(descriptor, min(size, start + length - at), at)


def frames_of(descriptor: int) -> Frames:
    """Find the frames of a complete file; NotRenderable says why they cannot be told apart."""
    header = header_of(descriptor)
    pixels = header.pixels
    if pixels is None or header.syntax in DEFLATED:
        raise NotRenderable("The file has no pixels that can be handed out frame by frame.")
    image = image_of(header)
    if not 1 <= image.frames <= MOST_ITEMS:
        raise NotRenderable("The number of frames cannot be right.")
    if pixels.length != UNDEFINED:
        return _native(descriptor, image, pixels)
    items = items_of(descriptor, pixels.start)
    firsts = _firsts(descriptor, header, items, image.frames)
    ends = firsts[1:]
    ends.append(len(items))
    return Frames(image.syntax, image.frames, items, firsts, ends)


def _native(descriptor: int, image: Image, pixels: Element) -> Frames:
    samples = 2 if image.photometric == _HALF else image.samples
    bits = image.rows * image.columns * samples * image.allocated
    size = bits // 8
    if image.syntax not in NATIVE or not size or bits % 8:
        raise NotRenderable("The frames do not begin at whole bytes.")
    end = pixels.start + size * image.frames
    if size * image.frames > pixels.length or end > os.fstat(descriptor).st_size:
        raise NotRenderable("The pixels are cut short.")
    return Frames(image.syntax, image.frames, Items(), offsets(), offsets(), (pixels.start, size))


def _firsts(descriptor: int, header: Header, items: Items, frames: int) -> array[int]:
    """The first fragment of each frame, by whichever table the file has."""
    table = _table(descriptor, header, items)
    if table is not None:
        return _looked_up(table, items, frames)
    if frames == len(items):
        return array("Q", range(frames))
    if frames == 1 and len(items):
        return array("Q", [0])
    raise NotRenderable("The file does not say which pieces of its pixels make a frame.")


def _table(descriptor: int, header: Header, items: Items) -> array[int] | None:
    """Offsets from the first fragment's item: the extended table's, else the basic one's."""
    extended = header.elements.get(_EXTENDED_TABLE)
    if extended is not None:
        return _numbers(descriptor, extended.start, extended.length, "Q")
    start, length = items.table
    return _numbers(descriptor, start, length, "I") if length else None


def _numbers(descriptor: int, start: int, length: int, kind: str) -> array[int]:
    numbers = array(kind)
    if length > MOST_ITEMS * numbers.itemsize or length % numbers.itemsize:
        raise NotRenderable("The table of frames is damaged.")
    stored = os.pread(descriptor, length, start)
    if len(stored) != length:
        raise NotRenderable("The table of frames is cut short.")
    numbers.frombytes(stored)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _looked_up(table: array[int], items: Items, frames: int) -> array[int]:
    """Each entry must be the place of an item, each behind the one before, the first the first."""
    firsts = offsets()
    base = items.starts[0] if len(items) else 0
    for offset in table:
        place = bisect_left(items.starts, base + offset)
        if place >= len(items) or items.starts[place] != base + offset:
            break
        firsts.append(place)
    rises = all(left < right for left, right in pairwise(firsts))
    if len(firsts) != frames or len(table) != frames or firsts[0] != 0 or not rises:
        raise NotRenderable("The table of frames does not fit the pixels.")
    return firsts
