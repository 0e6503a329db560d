"""Locks of open files (fcntl(2), "open file description locks"): they end with the descriptor.

Unlike flock they can be looked at without being taken, and unlike POSIX record locks they
tell threads of one process apart.
"""

from __future__ import annotations

import fcntl
import os
import struct

# struct flock of Linux: type, whence, start, length, pid.
_FLOCK = struct.Struct("hhqqi4x")


def share(fd: int, at: int = 0) -> bool:
    """Mark byte `at` as in use by this descriptor, beside others; False when one owns it."""
    return _taken(fd, fcntl.F_RDLCK, at)


def own(fd: int, at: int = 0) -> bool:
    """Take byte `at` for this descriptor alone; False when another has it in any way.

    Its own earlier mark becomes the lock in one step, and stays where this fails.
    """
    return _taken(fd, fcntl.F_WRLCK, at)


def is_shared(fd: int, at: int = 0) -> bool:
    """Whether any other descriptor marks byte `at` as in use."""
    answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _record(fcntl.F_WRLCK, at))
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)


def _taken(fd: int, kind: int, at: int) -> bool:
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _record(kind, at))
    except (BlockingIOError, PermissionError):
        return False
    return True


def _record(kind: int, at: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, at, 1, 0)
