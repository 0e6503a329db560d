"""The journal's last number and hash in a second place: who cuts its tail off must know both."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path
from typing import NamedTuple

_LINE = re.compile(rb"(\d{20}) ([0-9a-f]{64})\n\Z")


class Mark(NamedTuple):
    """A record's number and hash."""

    seq: int
    hash: str


class CheckpointDamaged(ValueError):
    """The file holds something else than a mark."""


class Checkpoint:
    """One line in a file that all processes of a machine share; it only ever goes forward."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mark | None:
        """The last mark; None where there was none yet. Raises CheckpointDamaged."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        return _parsed(data) if data else None

    def advance(self, mark: Mark) -> None:
        """Keep the mark, unless a later one is kept. Raises OSError, CheckpointDamaged."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            data = os.pread(fd, 256, 0)
            if not data or _parsed(data).seq < mark.seq:
                # In place and within one sector: neither torn nor in need of more room.
                os.pwrite(fd, b"%020d %s\n" % (mark.seq, mark.hash.encode()), 0)
        finally:
            os.close(fd)


def _parsed(data: bytes) -> Mark:
    found = _LINE.match(data)
    if not found:
        raise CheckpointDamaged("The checkpoint file holds something else than a mark.")
    return Mark(int(found[1]), found[2].decode())
