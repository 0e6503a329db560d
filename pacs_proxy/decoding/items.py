"""The items of encapsulated pixel data (PS3.5 A.4), walked in a file nobody has vouched for."""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass, field

from pacs_proxy.errors import NotRenderable

MOST_ITEMS = 1 << 20
ITEM = b"\xfe\xff\x00\xe0"
SEQUENCE_END = b"\xfe\xff\xdd\xe0"
HEADER_BYTES = 8


def offsets() -> array[int]:
    """An empty array of file offsets: 8 bytes each, however many there are."""
    return array("Q")


@dataclass(slots=True)
class Items:
    """Where the offset table and the fragments lie; `lengths` are as stored, padding included."""

    table: tuple[int, int] = (0, 0)
    starts: array[int] = field(default_factory=offsets)
    lengths: array[int] = field(default_factory=offsets)

    def __len__(self) -> int:
        return len(self.starts)


def items_of(descriptor: int, at: int) -> Items:
    """Every item from `at` to the delimiter, or to an end of the file that lacks it.

    Raises NotRenderable where an item reaches beyond the file or there are too many.
    """
    found, size = Items(), os.fstat(descriptor).st_size
    is_table = True
    while at < size:
        head = os.pread(descriptor, HEADER_BYTES, at)
        if head[:4] == SEQUENCE_END:
            break
        start, length = at + HEADER_BYTES, int.from_bytes(head[4:8], "little")
        if head[:4] != ITEM or start + length > size:
            raise NotRenderable("The compressed pixels are cut short or damaged.")
        if is_table:
            found.table, is_table = (start, length), False
        else:
            _add(found, start, length)
        at = start + length
    return found


def _add(found: Items, start: int, length: int) -> None:
    if len(found) >= MOST_ITEMS:
        raise NotRenderable("The compressed pixels are in too many pieces.")
    found.starts.append(start)
    found.lengths.append(length)
