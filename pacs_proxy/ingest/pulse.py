"""A sign of life while somebody else works and says nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pacs_proxy.errors import DatabaseUnavailable
from pacs_proxy.jobs import Lost

log = logging.getLogger(__name__)

EVERY = 3.0


@contextmanager
def pulse(beat: Callable[[], None], every: float = EVERY) -> Iterator[None]:
    """Call `beat` every few seconds while inside, from a thread of its own.

    Without it nothing is lost but the sign: its failures are not those of the work.
    """
    over = threading.Event()

    def run() -> None:
        while not over.wait(every):
            try:
                beat()
            except Lost:
                return
            except DatabaseUnavailable:
                log.warning("no sign of life", extra={"error": "DatabaseUnavailable"})

    thread = threading.Thread(target=run, name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Course:
    """How far a large file is on its way into the archive, in words that are true."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.done, self.total, self.moved = 0, 0, clock()

    def move(self, done: int, total: int) -> None:
        """So many bytes have been handed over."""
        self.done, self.total, self.moved = done, total, self._clock()

    @property
    def words(self) -> str:
        """What has been going on since the last byte; empty while bytes move."""
        silent = int(self._clock() - self.moved)
        if silent < 1:
            return ""
        if self.total and self.done == self.total:
            return f"The archive has all of it and is writing, {silent} s."
        taken = f"{self.done / 1e6:.0f} of {self.total / 1e6:.0f} MB" if self.total else "nothing"
        return f"The archive has taken {taken} so far and takes no more just now, {silent} s."
