"""How much a worker may hold in memory for files that leave only when they are proven."""

from __future__ import annotations

import threading


class Hold:
    """Bytes, shared by all requests of one process."""

    def __init__(self, size: int) -> None:
        self._left, self._lock = size, threading.Lock()

    def take(self, size: int) -> bool:
        """Whether there was room; then give it back with `give`."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give(self, size: int) -> None:
        """What was taken is free again."""
        with self._lock:
            self._left += size
