"""One writer at a time, over threads and processes, without SQLite's way of waiting.

SQLite sleeps up to a tenth of a second between two looks, and whoever came last may be first.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Between two looks at what another process holds, for about a millisecond.
_SHORTEST, _LONGEST = 0.0002, 0.004


class NoTurn(Exception):
    """It did not come, or its file cannot be opened."""


class Turn:
    """Threads wait in line; processes by a lock on `path`, which the kernel frees with them.

    Without a path nobody waits.
    """

    def __init__(self, path: Path | None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._path, self._sleep = path, sleep
        self._threads = threading.Lock()
        self._opened = (0, -1)  # by which process, and as what

    @contextmanager
    def taken(self, patience: float) -> Iterator[None]:
        """Hold it; NoTurn after `patience` seconds."""
        if self._path is None:
            yield
            return
        deadline = time.monotonic() + patience
        if not self._threads.acquire(timeout=patience):
            raise NoTurn
        try:
            descriptor = self._descriptor(self._path)
            self._lock(descriptor, deadline)
            try:
                yield
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        """Give the file back."""
        opener, descriptor = self._opened
        if opener == os.getpid():
            os.close(descriptor)
        self._opened = (0, -1)

    def _descriptor(self, path: Path) -> int:
        """A child's own: of its parent's it would share the lock."""
        if self._opened[0] != os.getpid():
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            try:
                self._opened = (os.getpid(), os.open(path, flags, 0o600))
            except OSError:
                raise NoTurn from None
        return self._opened[1]

    def _lock(self, descriptor: int, deadline: float) -> None:
        pause = _SHORTEST
        while True:
            try:
                return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise NoTurn from None
            self._sleep(pause)
            pause = min(_LONGEST, 2 * pause)
