"""The body of one answer: framed by a length, watched for silence and dripping."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from io import BufferedReader
from typing import Self

from pacs_proxy.errors import Interrupted, Stalled, UpstreamError
from pacs_proxy.upstream.pace import Pace
from pacs_proxy.upstream.wire import Head

# A question's answer is held in memory; a list of 5 000 instances is about 4 MB.
ANSWER_LIMIT = 256 << 20


class Body:
    """One answer; owns its connection and gives it back once, in `close`.

    `window` is the silence in seconds that counts as a stall.
    """

    def __init__(
        self,
        head: Head,
        reader: BufferedReader,
        give_back: Callable[[bool], None],
        pace: Pace,
        window: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.head, self._left = head, head.length
        self._reader, self._give_back = reader, give_back
        self._pace, self._window, self._clock = pace, window, clock
        self._broken: Interrupted | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fill(self, view: memoryview) -> int:
        """Read until `view` is full or the body ends; 0 at its end.

        Raises Interrupted when it stops early, falls silent or merely drips; bytes that came
        before are returned first, and the error by the next call.
        """
        if self._broken:
            raise self._broken
        got = 0
        try:
            for count in self._received(view[: self._left]):
                got += count
        except Interrupted as error:
            if not got:
                raise
            self._broken = error
        self._left -= got
        return got

    def skip(self, count: int) -> None:
        """Read and drop `count` bytes, where the archive knows no ranges."""
        view = memoryview(bytearray(min(count, 1 << 18)))
        while count > 0:
            count -= self.fill(view[: min(count, len(view))])

    def read(self) -> bytes:
        """The whole of a short answer."""
        if self._left > ANSWER_LIMIT:
            raise UpstreamError("The archive's answer is too large to hold.")
        data = memoryview(bytearray(self._left))
        filled = 0
        while filled < len(data):
            filled += self.fill(data[filled:])
        return bytes(data)

    def close(self) -> None:
        """Give the connection back; only one read to its clean end is used again."""
        self._give_back(self._left == 0)
        self._give_back = _given

    def _received(self, view: memoryview) -> Iterator[int]:
        """Yield the count of each receive, until `view` is full."""
        got, mark, due = 0, 0, self._clock() + self._window
        while got < len(view):
            count = self._receive(view[got:])
            got += count
            yield count
            if self._clock() > due:
                self._demand(got - mark, len(view) - got)
                mark, due = got, self._clock() + self._window

    def _demand(self, brought: int, missing: int) -> None:
        if missing and brought < self._pace.least(self._window):
            raise Stalled(f"The archive only drips: {brought} bytes in {self._window:.2f} s.")

    def _receive(self, view: memoryview) -> int:
        try:
            count = self._reader.readinto1(view)
        except TimeoutError:
            raise Stalled("The archive fell silent in the middle of a file.") from None
        except (OSError, ValueError):
            raise Interrupted("The connection to the archive broke.") from None
        if not count:
            raise Interrupted("The archive ended a file early.")
        return count


def _given(_: bool) -> None:
    """A second close has nothing to give back."""
