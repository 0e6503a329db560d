"""Where every byte of a ZIP of stored members lies, known before the first is read; no I/O.

PKWARE APPNOTE 6.3: method 0, sizes and CRC-32 in front of each member, no data descriptors, so
that readers which cannot seek understand it too. One time for all members: the same files make
the same bytes.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
# 1980-01-01 00:00:00, the first there is.
_TIME, _DATE = 0, 33
_PLAIN, _ZIP64 = 20, 45
_UNIX = 3 << 8
_MODE = 0o100644 << 16
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")


@dataclass(frozen=True)
class Entry:
    """One member: an ASCII name and its bytes' number."""

    name: str
    size: int


class Layout:
    """Offsets of members, and the bytes between them."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        lengths = (len(_local(entry, 0)) + entry.size for entry in entries)
        self.offsets = list(accumulate(lengths, initial=0))
        self.directory = self.offsets.pop()
        self.size = self.directory + len(self.end([0] * len(entries)))

    def member_at(self, position: int) -> int:
        """The member whose header or bytes are there; behind the last one their number."""
        if position >= self.directory:
            return len(self.entries)
        return bisect_right(self.offsets, position) - 1

    def header(self, member: int, crc: int) -> bytes:
        """What stands before a member's bytes."""
        return _local(self.entries[member], crc)

    def end(self, crcs: Sequence[int]) -> bytes:
        """Everything behind the last member."""
        parts = (
            _central(*described) for described in zip(self.entries, self.offsets, crcs, strict=True)
        )
        directory = b"".join(parts)
        return directory + _tail(len(self.entries), len(directory), self.directory)


def _local(entry: Entry, crc: int) -> bytes:
    name, is_big = entry.name.encode("ascii"), entry.size >= _FULL32
    extra = struct.pack("<2H2Q", 1, 16, entry.size, entry.size) if is_big else b""
    size, version = (_FULL32, _ZIP64) if is_big else (entry.size, _PLAIN)
    first = _LOCAL.pack(
        *(b"PK\3\4", version, 0, 0, _TIME, _DATE, crc, size, size, len(name), len(extra))
    )
    return first + name + extra


def _central(entry: Entry, offset: int, crc: int) -> bytes:
    name = entry.name.encode("ascii")
    wide = [entry.size] * 2 if entry.size >= _FULL32 else []
    wide += [offset] if offset >= _FULL32 else []
    extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    size, version = min(entry.size, _FULL32), _ZIP64 if wide else _PLAIN
    first = _CENTRAL.pack(
        *(b"PK\1\2", _UNIX | version, version, 0, 0, _TIME, _DATE, crc, size, size),
        *(len(name), len(extra), 0, 0, 0, _MODE, min(offset, _FULL32)),
    )
    return first + name + extra


def _tail(count: int, length: int, offset: int) -> bytes:
    """The end of central directory; before it the 64-bit one where the plain is too narrow."""
    wide = b""
    if count >= _FULL16 or length >= _FULL32 or offset >= _FULL32:
        made = (_UNIX | _ZIP64, _ZIP64, 0, 0, count, count, length, offset)
        wide = _END64.pack(b"PK\6\6", _END64.size - 12, *made)
        wide += _LOCATOR.pack(b"PK\6\7", 0, offset + length, 1)
    narrow = min(count, _FULL16), min(length, _FULL32), min(offset, _FULL32)
    return wide + _END.pack(b"PK\5\6", 0, 0, narrow[0], *narrow, 0)
