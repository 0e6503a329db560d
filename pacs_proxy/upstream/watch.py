"""One thread that notices when nobody waits for a piece of work any more.

A generator learns of its client's departure only at its next write; while the archive stalls
there is none, and the connection to it would stay taken.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from pacs_proxy.upstream.interest import Interest

# Within one second of a departure the archive's connection must be free.
EVERY = 0.25

log = logging.getLogger(__name__)


class Watch:
    """Asks each registered question every quarter second and ends the interests it settles."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Weak: an interest that ended is forgotten with the request that had it.
        self._watched: WeakKeyDictionary[Interest, Callable[[], bool]] = WeakKeyDictionary()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def add(self, interest: Interest, is_unwanted: Callable[[], bool]) -> None:
        """From now on, lose the interest once `is_unwanted()` and nobody shares it."""
        with self._lock:
            self._watched[interest] = is_unwanted
            self._ensure_running()

    def remove(self, interest: Interest) -> None:
        """Stop asking about this one."""
        with self._lock:
            self._watched.pop(interest, None)

    @contextmanager
    def over(self, interest: Interest, is_unwanted: Callable[[], bool]) -> Iterator[None]:
        """Watch it while inside."""
        self.add(interest, is_unwanted)
        try:
            yield
        finally:
            self.remove(interest)

    def close(self) -> None:
        """Stop asking."""
        self._stop.set()

    def look(self) -> None:
        """Ask once about everything; the thread does so by itself."""
        with self._lock:
            watched = list(self._watched.items())
        for interest, is_unwanted in watched:
            try:
                if is_unwanted() and not interest.is_shared():
                    interest.lose()
            except Exception:
                # The thread must live: without it no departure is ever noticed again.
                log.exception("a watched request could not be judged")
                self.remove(interest)

    def _ensure_running(self) -> None:
        # Started on first use: a thread made before a worker forks would not be in it.
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            self.look()
