"""A complete file on our disk, read once more and proven unchanged while it goes to the archive."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.source import FileSource

_PIECE = 1 << 20


@dataclass(frozen=True)
class Acknowledged:
    """Bytes as they were when we promised to keep them; `sha256` in hex, None where unknown."""

    at: int
    length: int
    sha256: str | None


class Staged:
    """`size` bytes of an open file, from `start` on; `acknowledged` covers them without gaps."""

    def __init__(
        self,
        descriptor: int,
        size: int,
        acknowledged: Sequence[Acknowledged] = (),
        *,
        start: int = 0,
        path: Path | None = None,
    ) -> None:
        self._descriptor, self._start, self._path = descriptor, start, path
        self.size = size
        self._acknowledged = acknowledged or (Acknowledged(0, size, None),)
        self._md5: str | None = None
        # Told of each piece that was taken: bytes so far, and of all.
        self.told: Callable[[int, int], None] = _nobody

    def source(self) -> FileSource:
        """For the shield and others who look at parts."""
        return FileSource(self._descriptor, self._start + self.size, self._start)

    @property
    def md5(self) -> str:
        """In hex; computed while it was sent, else by reading it now. Raises as `pieces`."""
        if self._md5 is None:
            self.verify()
        return self._md5 or ""

    def pieces(self) -> Iterator[memoryview]:
        """All bytes, up to 1 MiB at a time, each only after the digest it completes agreed.

        Raises BadUpload when they are not what was acknowledged.
        """
        md5 = hashlib.md5(usedforsecurity=False)
        for part in self._acknowledged:
            sha256, end = hashlib.sha256(), part.at + part.length
            for at in range(part.at, end, _PIECE):
                piece = self._read(at, min(_PIECE, end - at))
                md5.update(piece)
                if part.sha256:
                    sha256.update(piece)
                if part.sha256 and at + len(piece) == end and sha256.hexdigest() != part.sha256:
                    raise damaged()
                yield memoryview(piece)
                self.told(at + len(piece), self.size)
        self._md5 = md5.hexdigest()

    def verify(self) -> None:
        """Read all of it once. Raises as `pieces`."""
        for _ in self.pieces():
            pass

    def part(self, start: int, size: int) -> Staged:
        """A stretch of it, as a file of its own."""
        return Staged(self._descriptor, size, start=self._start + start)

    def keep(self, path: Path) -> None:
        """Let the bytes live on under another name, whatever becomes of this file."""
        with suppress(FileExistsError):
            if self._path is not None:
                os.link(self._path, path)
            else:
                self._copy(path)
        remember(path.parent)

    def _read(self, at: int, count: int) -> bytes:
        piece = os.pread(self._descriptor, count, self._start + at)
        if len(piece) < count:
            raise damaged()
        return piece

    def _copy(self, path: Path) -> None:
        unfinished = path.with_suffix(".new")
        with unfinished.open("wb", buffering=0) as copy:
            for piece in self.pieces():
                copy.write(piece)
            os.fdatasync(copy.fileno())
        unfinished.rename(path)


def _nobody(_: int, __: int) -> None: ...


def damaged() -> BadUpload:
    """What lies on our disk is not what we acknowledged."""
    return BadUpload("staged_damaged", "The file was damaged on the server's disk. Send it again.")


def remember(folder: Path) -> None:
    """Make the names in it durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
