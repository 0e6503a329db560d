"""A request's body on its way out: piece by piece, with an eye on the other side's answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pacs_proxy.errors import BodyCut, PacsProxyError
from pacs_proxy.upstream.pool import Link

# Between two looks at whether the other side has answered already; the kernel takes less when full.
_STEP = 1 << 20


@dataclass(frozen=True)
class Sendable:
    """A body of `length` bytes that can be sent once.

    Whatever `pieces` raises is the failure of whoever delivers them, and comes out as our own
    error (BodyCut, unless it is one already): never as the other side's.
    """

    length: int
    pieces: Iterator[bytes | memoryview]


class Answered(Exception):
    """The other side answered, or left, before it had the whole body."""


class Sending:
    """One body on its way; `sent` counts the bytes handed to the kernel.

    `silence` in seconds is how long the other side may take nothing, `least` the bytes it must
    take in that time. Waiting for the pieces is not held against it.
    """

    def __init__(
        self,
        body: Sendable,
        silence: float,
        least: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._body, self._clock = body, clock
        self._silence, self._least = silence, least
        self._spent, self._taken = 0.0, 0
        self._pieces, self._view = self._whole(), memoryview(b"")
        self.sent = 0

    def run(self, link: Link) -> None:
        """Send all that is left. Raises Answered, TimeoutError, OSError, and as Sendable says."""
        while self._view or self._has_more():
            self._send(link)

    def _has_more(self) -> bool:
        self._view = next(self._pieces, self._view)
        return bool(self._view)

    def _whole(self) -> Iterator[memoryview]:
        """The pieces, exactly as many bytes as announced."""
        left = self._body.length
        try:
            for piece in self._body.pieces:
                left -= len(piece)
                if left < 0:
                    break
                if piece:
                    yield memoryview(piece)
        except PacsProxyError:
            raise
        except Exception as error:
            # An OSError of theirs must not look like one of the connection we send on.
            raise BodyCut("What was to be sent could not be read to its end.") from error
        if left:
            raise BodyCut("The body is not as long as announced; send it again.")

    def _send(self, link: Link) -> None:
        began = self._clock()
        if not link.takes_more(self._silence):
            raise Answered
        count = link.sock.send(self._view[:_STEP])
        self._view = self._view[count:]
        self.sent += count
        self._demand(count, self._clock() - began)

    def _demand(self, count: int, seconds: float) -> None:
        self._spent, self._taken = self._spent + seconds, self._taken + count
        if self._spent < self._silence:
            return
        if self._view and self._taken < self._least:
            raise TimeoutError
        self._spent, self._taken = 0.0, 0
