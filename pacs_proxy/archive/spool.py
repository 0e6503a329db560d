"""The verified spool: files in memory that all workers share, each written by one, read by many.

A file grows as proven bytes come; its last piece is written only when length and digest agree.
So a file as long as its name promises *is* verified, and nothing else needs to say so.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from pacs_proxy.archive import locks
from pacs_proxy.archive.room import WRITER, Room, SpoolFull, promised
from pacs_proxy.control import Control
from pacs_proxy.errors import Interrupted

_TOUCH_AFTER = 1.0


class SpoolFile:
    """An open spool file; while it is open nobody removes it."""

    def __init__(self, path: str, fd: int) -> None:
        self.path, self.fd, self.size = path, fd, promised(path)
        self._ending = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def available(self) -> int:
        """Bytes that may leave now; raises Interrupted when nobody fills the file any more."""
        is_filled = locks.is_shared(self.fd, WRITER)
        status = os.fstat(self.fd)  # after the mark: the writer leaves it behind its last piece
        if status.st_size < self.size and not (is_filled and status.st_nlink):
            raise Interrupted("The file could not be fetched to its end.")
        return status.st_size

    @property
    def is_filled(self) -> bool:
        """Whether somebody still fills it: what a killed fetcher left behind never grows."""
        return locks.is_shared(self.fd, WRITER) and os.fstat(self.fd).st_nlink > 0

    @property
    def is_verified(self) -> bool:
        """Whether all of it is there, and therefore proven."""
        return os.fstat(self.fd).st_size == self.size

    def write(self, piece: memoryview) -> None:
        """Append proven bytes; SpoolFull when the folder's disk or memory is."""
        try:
            while piece:
                piece = piece[os.write(self.fd, piece) :]
        except OSError:
            raise SpoolFull from None

    def is_followed(self) -> bool:
        """Whether anyone but this holder has it open; a closed file is followed by nobody."""
        try:
            return locks.is_shared(self.fd)
        except (OSError, ValueError):
            return False

    def withdraw(self) -> bool:
        """Whether nobody else has it open, who fills it asks; if so, nobody will from now on.

        One step of the kernel: no reader comes between the last look and the end.
        """
        # Closed meanwhile, its number may be another file's.
        with self._ending:
            return self.fd < 0 or locks.own(self.fd)

    def close(self) -> None:
        """Let it go; from now on it may make way for others."""
        with self._ending:
            if self.fd >= 0:
                fd, self.fd = self.fd, -1
                os.close(fd)


class Claim:
    """The right to fetch one key, on the whole machine; the kernel ends it with its process."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def handed_over(self) -> Claim:
        """The same right for another thread; this object no longer ends it."""
        fd, self._fd = self._fd, -1
        return Claim(fd)


class Spool:
    """Files under `folder`, at most `limit` bytes in all."""

    def __init__(
        self,
        folder: Path,
        limit: int,
        control: Control,
        clock: Callable[[], float] = time.time,
    ) -> None:
        files, marks = folder / "files", folder / "locks"
        files.mkdir(mode=0o700, parents=True, exist_ok=True)
        marks.touch(mode=0o600)
        # Names, not paths: making those costs more than opening a file.
        self._files, self._locks = str(files), str(marks)
        self._room, self._control = Room(files, limit, control), control
        self._clock = clock

    @property
    def limit(self) -> int:
        """Bytes it may hold at most."""
        return self._room.limit

    @property
    def generation(self) -> int:
        """How often an instance was changed through this machine, by any worker."""
        return self._control.generation

    def renew(self) -> None:
        """What the archive said before this moment may be wrong now."""
        with self._control.locked():
            self._control.generation += 1

    def holds(self, key: str, size: int) -> bool:
        """Whether there is a file of this key, without opening it."""
        return os.access(self._path(key, size), os.F_OK)

    def find(self, key: str, size: int) -> SpoolFile | None:
        """The file of this key, verified or growing, or None; none that its writer withdrew."""
        path = self._path(key, size)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        is_ours = locks.share(fd)
        status = os.fstat(fd)
        if not is_ours or status.st_nlink == 0:  # it made way for another between our two calls
            os.close(fd)
            return None
        if status.st_size == size and self._clock() - status.st_mtime > _TOUCH_AFTER:
            os.utime(fd)
        return SpoolFile(path, fd)

    def claim(self, key: str) -> Claim | None:
        """The right to fetch this key, or None while another holds it."""
        fd = os.open(self._locks, os.O_RDWR | os.O_CLOEXEC)
        if locks.own(fd, _place(key)):
            return Claim(fd)
        os.close(fd)
        return None

    def create(self, key: str, size: int) -> SpoolFile:
        """An empty file to be filled by the holder of the claim; SpoolFull when it has no room."""
        path = self._path(key, size)
        return SpoolFile(path, self._room.create(path))

    def give_up(self, file: SpoolFile) -> None:
        """Remove a file that did not come whole; its readers see that it ends."""
        self._room.remove(file.path)
        file.close()

    def drop(self, key: str, size: int) -> None:
        """Remove what is kept under this key; who has it open keeps what is there."""
        self._room.remove(self._path(key, size))

    def _path(self, key: str, size: int) -> str:
        return f"{self._files}/{key}.{size}"


def _place(key: str) -> int:
    """A byte far beyond the lock file's end, of its own for each key."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=7).digest(), "big")
