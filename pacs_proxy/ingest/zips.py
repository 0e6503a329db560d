"""ZIP archives, unpacked one member after the other, with bounds on all that a bomb could use."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO

from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.container import Bounds, Member, shown, too_large, too_many
from pacs_proxy.ingest.source import Source
from pacs_proxy.ingest.staged import Staged

# zipfile reads the list of members in one go, and everything else in small pieces.
_LONGEST_LIST = 6 << 20
_ENTRY = b"PK\1\2"
_LOCAL_HEADER = 30
_PIECE = 1 << 18
_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class _Outside(OSError):
    """A place before the file's beginning, which only a damaged list of members names."""


_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    ValueError,
    OverflowError,
    _Outside,
)


class _Guarded(io.RawIOBase):
    """The file as zipfile may read it: a list of members that is too long is never held."""

    def __init__(self, source: Source, members: int) -> None:
        self._source, self._members, self._at = source, members, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._source.size}
        if (at := origin[whence] + offset) < 0:
            raise _Outside
        self._at = at
        return at

    def tell(self) -> int:
        return self._at

    def read(self, count: int = -1) -> bytes:
        left = max(0, self._source.size - self._at)
        count = left if count < 0 else min(count, left)
        if count > _LONGEST_LIST:
            raise too_many(self._members)
        piece = self._source.read(self._at, count)
        if piece.count(_ENTRY) > self._members:
            raise too_many(self._members)
        self._at += len(piece)
        return piece


class ZipContainer:
    """The members of a ZIP file; each is unpacked into `scratch`, one at a time.

    Raises BadUpload when the whole of it is of no use.
    """

    def __init__(self, source: Source, scratch: Path, bounds: Bounds) -> None:
        self._scratch, self._bounds = scratch, bounds
        self._archive = _listed(source, bounds)
        files = [info for info in self._archive.infolist() if not info.is_dir()]
        _check_whole(files, bounds)
        self._files = dict(enumerate(files, 1))

    @property
    def members(self) -> Sequence[Member]:
        """As `Container.members`."""
        return [
            Member(number, shown(info.filename), info.file_size)
            for number, info in self._files.items()
        ]

    def head(self, member: Member, count: int) -> bytes:
        """As `Container.head`."""
        info = self._files[member.number]
        _check_member(info, self._bounds)
        try:
            with self._archive.open(info) as packed:
                return packed.read(count)
        except _BROKEN:
            raise _damaged() from None

    @contextmanager
    def opened(self, member: Member) -> Iterator[Staged]:
        """As `Container.opened`; the unpacked file is gone afterwards."""
        info = self._files[member.number]
        self._scratch.unlink(missing_ok=True)
        try:
            with self._scratch.open("x+b", buffering=0) as unpacked:
                self._unpack(info, unpacked)
                yield Staged(unpacked.fileno(), info.file_size, path=self._scratch)
        finally:
            self._scratch.unlink(missing_ok=True)

    def _unpack(self, info: zipfile.ZipInfo, into: IO[bytes]) -> None:
        count = 0
        try:
            with self._archive.open(info) as packed:
                while piece := packed.read(_PIECE):
                    into.write(piece)
                    count += len(piece)
        except _BROKEN:
            raise _damaged() from None
        if count != info.file_size:
            raise _damaged()


def _listed(source: Source, bounds: Bounds) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(_Guarded(source, bounds.members))
    except (*_BROKEN, OSError):
        raise BadUpload(
            "archive_damaged", "The ZIP file is damaged or not complete. Copy or make it again."
        ) from None


def _check_whole(files: Sequence[zipfile.ZipInfo], bounds: Bounds) -> None:
    if not files:
        raise BadUpload("archive_empty", "There is no file in the ZIP file.")
    if len(files) > bounds.members:
        raise too_many(bounds.members)
    if sum(info.file_size for info in files) > bounds.bytes:
        raise too_large(bounds.bytes)
    ordered = sorted(files, key=lambda info: info.header_offset)
    for info, following in pairwise(ordered):
        if info.header_offset + _LOCAL_HEADER + info.compress_size > following.header_offset:
            # The same bytes over and over: small to send, endless to unpack.
            raise BadUpload(
                "archive_overlaps", "The files in the ZIP file lie upon each other. Make it again."
            )


def _check_member(info: zipfile.ZipInfo, bounds: Bounds) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise BadUpload(
            "encrypted", "The file is encrypted. Unpack it with its password and send it then."
        )
    if info.compress_type not in _METHODS:
        raise BadUpload("packed", "The file is packed in a rare way. Make a ZIP with Deflate.")
    if info.file_size > max(bounds.small, bounds.ratio * info.compress_size):
        raise BadUpload(
            "unpacks_too_large",
            "Unpacked, the file would be so much larger than any picture would be. It was left "
            "out; send it by itself if it is one.",
        )


def _damaged() -> BadUpload:
    return BadUpload("member_damaged", "The file is damaged inside the ZIP file. Make it again.")
