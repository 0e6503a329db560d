"""State that all worker processes share: one page of memory-backed file under one lock."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = 4096
_COUNT = struct.Struct("<q")
_PAIR = struct.Struct("<dd")
_BREAKER = struct.Struct("<qdd")
_USED_AT, _BUDGET_AT, _GENERATION_AT, _NODES_AT = 0, 64, 96, 128


class Control:
    """Numbers in shared memory. Monotonic time is the same for every process of a machine.

    Reads of a single field need no lock; changes go through `locked()`.
    """

    def __init__(self, path: Path, page: mmap.mmap | None = None) -> None:
        """With a `page`, made before the workers were, `path` serves as the lock alone."""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if page is None:
            # Never truncated: another worker may already map it.
            os.ftruncate(self._fd, PAGE)
            page = mmap.mmap(self._fd, PAGE)
        self._page = page
        self._threads = threading.Lock()

    def close(self) -> None:
        """Give the mapping back."""
        self._page.close()
        os.close(self._fd)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Exclude all threads of all workers; the kernel frees it when a worker is killed."""
        with self._threads:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._fd, fcntl.LOCK_UN)

    @property
    def spool_used(self) -> int:
        """Bytes promised to spool files."""
        return int(_COUNT.unpack_from(self._page, _USED_AT)[0])

    @spool_used.setter
    def spool_used(self, value: int) -> None:
        _COUNT.pack_into(self._page, _USED_AT, value)

    @property
    def generation(self) -> int:
        """How often something was changed in the archive through this machine."""
        return int(_COUNT.unpack_from(self._page, _GENERATION_AT)[0])

    @generation.setter
    def generation(self, value: int) -> None:
        _COUNT.pack_into(self._page, _GENERATION_AT, value)

    @property
    def budget(self) -> tuple[float, float]:
        """Retry tokens and the time they were counted."""
        tokens, stamp = _PAIR.unpack_from(self._page, _BUDGET_AT)
        return tokens, stamp

    @budget.setter
    def budget(self, value: tuple[float, float]) -> None:
        _PAIR.pack_into(self._page, _BUDGET_AT, *value)

    def breaker(self, node: int) -> tuple[int, float, float]:
        """Failures, opened at, next probe at."""
        failures, opened, probe = _BREAKER.unpack_from(self._page, self._node(node))
        return failures, opened, probe

    def set_breaker(self, node: int, value: tuple[int, float, float]) -> None:
        """Store one node's breaker; call it under `locked()`."""
        _BREAKER.pack_into(self._page, self._node(node), *value)

    @staticmethod
    def _node(node: int) -> int:
        return _NODES_AT + node * _BREAKER.size
