"""Whether anybody still waits for a piece of work, and how to break it off when nobody does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pacs_proxy.errors import PacsProxyError


class Abandoned(PacsProxyError):
    """The client left; nobody reads this error."""

    status = 499
    code = "client_left"
    title = "The client left"


class Interest:
    """One request's wish for bytes: how long it has lasted, its stalls, and its end.

    `lose` may come from any thread; the working thread then meets Abandoned at its next step.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._gone = threading.Event()
        self._abort: Callable[[], None] | None = None
        self.stalls = 0
        # Others may wait for the same bytes: then the work goes on without its first client.
        self.is_shared: Callable[[], bool] = _never
        self._since = clock()

    @property
    def waited(self) -> float:
        """Seconds since the beginning or the last progress."""
        return self._clock() - self._since

    @property
    def is_lost(self) -> bool:
        """Whether the client has left."""
        return self._gone.is_set()

    def progress(self) -> None:
        """Bytes came: patience starts anew."""
        self._since, self.stalls = self._clock(), 0

    def hold(self, abort: Callable[[], None]) -> None:
        """From now on `abort` breaks off what the working thread waits for."""
        with self._lock:
            if not self._gone.is_set():
                self._abort = abort
                return
        raise Abandoned("The client left.")

    def let_go(self) -> None:
        """Nothing is waited for now."""
        with self._lock:
            self._abort = None

    def lose(self) -> None:
        """The client left: break off what is under way and refuse what would come."""
        with self._lock:
            self._gone.set()
            abort, self._abort = self._abort, None
            # Inside the lock: once it is let go, the connection may be another request's.
            if abort:
                abort()

    def check(self) -> None:
        """Raise Abandoned if the client has left."""
        if self._gone.is_set():
            raise Abandoned("The client left.")

    def sleep(self, seconds: float) -> None:
        """Wait, unless the client leaves; then raise Abandoned."""
        if self._gone.wait(seconds):
            raise Abandoned("The client left.")


def _never() -> bool:
    return False
