"""Room in the spool: bytes promised to files, counted over all workers; the oldest make way."""

from __future__ import annotations

import os
from pathlib import Path

from pacs_proxy.archive import locks
from pacs_proxy.control import Control

# Evicting a little more than needed keeps the folder from being listed for every file.
_SLACK = 0.125
# The byte that whoever fills a file keeps marked: a file nobody fills any more never grows.
WRITER = 1


class SpoolFull(Exception):
    """No room: everything in the spool is in use, or the file is larger than all of it."""


class Room:
    """Accounts for files named `<key>.<size>`: a file's promise is the size in its name.

    Files appear and disappear only under the machine's lock, together with their count.
    """

    def __init__(self, folder: Path, limit: int, control: Control) -> None:
        self._folder, self.limit, self._control = folder, limit, control
        self._unnamed = f"{folder}/new"

    def create(self, path: str) -> int:
        """Make an empty file and promise its size, evicting what nobody reads.

        Returns its descriptor, shared; raises SpoolFull.
        """
        size = promised(path)
        if size > self.limit:
            raise SpoolFull
        with self._control.locked():
            self._unlink(path)
            self._make_room(size)
            fd = _new_file(self._unnamed, path)
            self._control.spool_used += size
        return fd

    def remove(self, path: str) -> None:
        """Take a file and its promise away; who has it open keeps what is there."""
        with self._control.locked():
            self._unlink(path)

    def _unlink(self, path: str) -> None:
        try:
            os.unlink(path)
        except FileNotFoundError:
            return
        self._control.spool_used = max(0, self._control.spool_used - promised(path))

    def _make_room(self, size: int) -> None:
        if self._control.spool_used + size > self.limit:
            self._evict(self.limit - size - int(self.limit * _SLACK))
        if self._control.spool_used + size > self.limit:
            raise SpoolFull

    def _evict(self, target: int) -> None:
        """Remove the longest unused files until `target` bytes are promised; recount on the way."""
        with os.scandir(self._folder) as entries:
            files = sorted(entries, key=lambda entry: entry.stat().st_mtime_ns)
        self._control.spool_used = sum(promised(entry.name) for entry in files)
        for entry in files:
            if self._control.spool_used <= target:
                break
            if _is_unused(entry.path):
                self._unlink(entry.path)


def promised(path: str) -> int:
    """The size at the end of a spool file's name."""
    size = path.rpartition(".")[2]
    return int(size) if size.isascii() and size.isdigit() else 0


def _new_file(unnamed: str, path: str) -> int:
    """An empty file that bears its marks before it bears its name, where readers look."""
    try:
        fd = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError:  # no space, no inode, no descriptor: the bytes can still be streamed past us
        raise SpoolFull from None
    locks.share(fd)
    locks.share(fd, WRITER)
    os.rename(unnamed, path)
    return fd


def _is_unused(path: str) -> bool:
    # A reader that opened it but has not marked it yet sees afterwards that it has no name left.
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return not locks.is_shared(fd)
    finally:
        os.close(fd)
