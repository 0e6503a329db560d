"""Images of discs (ISO 9660, ECMA-119), read where they lie; nothing is unpacked.

Only the directories are gone through, breadth first and each once, so that what points in
circles or upon itself costs no more than its bounds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.container import Bounds, Member, shown, too_large, too_many
from pacs_proxy.ingest.staged import Staged

_SECTOR = 2048
_FIRST_DESCRIPTOR, _LAST_DESCRIPTOR = 16, 64
_PRIMARY, _TERMINATOR = 1, 255
_ROOT = 156
_DIRECTORY, _IN_PARTS = 0x02, 0x80
_LONGEST_DIRECTORY = 4 << 20
_MOST_DIRECTORIES, _MOST_SECTORS = 10_000, 16_384


@dataclass(frozen=True)
class _Extent:
    """Where a file or directory lies, in bytes."""

    start: int
    size: int


@dataclass
class _Found:
    """What the walk over the directories has come upon."""

    files: list[tuple[str, _Extent | None]] = field(default_factory=list)
    waiting: deque[tuple[str, _Extent]] = field(default_factory=deque)
    seen: set[int] = field(default_factory=set)
    sectors: int = 0


class DiscContainer:
    """The files of a disc. Raises BadUpload when the whole of it is of no use."""

    def __init__(self, image: Staged, bounds: Bounds) -> None:
        self._image, self._source, self._bounds = image, image.source(), bounds
        self._files = self._walked()
        if not self._files:
            raise BadUpload("archive_empty", "There is no file on the disc image.")

    @property
    def members(self) -> Sequence[Member]:
        """As `Container.members`."""
        return [
            Member(number, name, extent.size if extent else 0)
            for number, (name, extent) in enumerate(self._files, 1)
        ]

    def head(self, member: Member, count: int) -> bytes:
        """As `Container.head`."""
        extent = self._extent(member)
        return self._source.read(extent.start, min(count, extent.size))

    @contextmanager
    def opened(self, member: Member) -> Iterator[Staged]:
        """As `Container.opened`: the part of the image where it lies."""
        extent = self._extent(member)
        yield self._image.part(extent.start, extent.size)

    def _extent(self, member: Member) -> _Extent:
        _, extent = self._files[member.number - 1]
        if extent is None:
            raise BadUpload("packed", "The file lies in several parts on the disc. Copy it first.")
        if extent.start + extent.size > self._source.size:
            raise BadUpload(
                "truncated", "The disc image ends before this file does. Read the disc again."
            )
        return extent

    def _walked(self) -> list[tuple[str, _Extent | None]]:
        found = _Found()
        found.waiting.append(("", self._root()))
        total = 0
        while found.waiting:
            path, extent = found.waiting.popleft()
            for name, flags, child in self._records(extent, found):
                total += 0 if flags & _DIRECTORY else child.size
                self._note(found, f"{path}/{name}" if path else name, flags, child)
            if total > self._bounds.bytes:
                raise too_large(self._bounds.bytes)
        return found.files

    def _note(self, found: _Found, path: str, flags: int, extent: _Extent) -> None:
        if not flags & _DIRECTORY:
            found.files.append((shown(path), None if flags & _IN_PARTS else extent))
        elif extent.start not in found.seen:
            found.seen.add(extent.start)
            found.waiting.append((path[:1000], extent))
        if len(found.files) > self._bounds.members or len(found.seen) > _MOST_DIRECTORIES:
            raise too_many(self._bounds.members)

    def _root(self) -> _Extent:
        for sector in range(_FIRST_DESCRIPTOR, _LAST_DESCRIPTOR):
            descriptor = self._source.read(sector * _SECTOR, _SECTOR)
            if descriptor[1:6] != b"CD001" or descriptor[0] == _TERMINATOR:
                break
            if descriptor[0] == _PRIMARY and len(descriptor) == _SECTOR:
                return _extent(descriptor[_ROOT:])
        raise BadUpload("archive_damaged", "The disc image has no table of contents.")

    def _records(self, directory: _Extent, found: _Found) -> Iterator[tuple[str, int, _Extent]]:
        """Name, flags and place of each entry; records do not cross sectors (ECMA-119 6.8.1)."""
        for at in range(0, min(directory.size, _LONGEST_DIRECTORY), _SECTOR):
            found.sectors += 1
            if found.sectors > _MOST_SECTORS:
                raise too_many(self._bounds.members)
            sector = self._source.read(directory.start + at, _SECTOR)
            yield from _in_sector(sector)


def _in_sector(sector: bytes) -> Iterator[tuple[str, int, _Extent]]:
    at = 0
    while at + 34 <= len(sector) and sector[at]:
        record = sector[at : at + sector[at]]
        name = record[33 : 33 + record[32]] if len(record) > 33 else b""
        # 0 and 1 are the directory itself and the one above it.
        if name not in {b"", b"\0", b"\1"}:
            text = name.decode("latin-1").partition(";")[0].rstrip(".")
            yield text.replace("/", "_"), record[25], _extent(record)
        at += sector[at]


def _extent(record: bytes) -> _Extent:
    start = int.from_bytes(record[2:6], "little") + record[1]
    return _Extent(start * _SECTOR, int.from_bytes(record[10:14], "little"))
