"""The one door to the network: sends requests and turns foreign errors into ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pacs_proxy.errors import Busy, Interrupted, Silent, Unreachable
from pacs_proxy.upstream.body import Body
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.pace import Pace
from pacs_proxy.upstream.pool import Link, Pool
from pacs_proxy.upstream.wire import Head, Unanswered, read_head, request_bytes

# How long a request queues for one of our own connections, and how often it looks up meanwhile.
_QUEUE_SECONDS, _QUEUE_LOOK = 20.0, 0.25
_STALE = (Unanswered, ConnectionResetError, BrokenPipeError)


@dataclass(frozen=True)
class Request:
    """What we ask of a node; `size` is the length of the file expected, 0 for a question.

    `patience` in seconds: searches may think longer than a file takes to begin.
    """

    path: str
    json: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    patience: float = 0.0

    @property
    def method(self) -> str:
        """GET, or POST where there is something to send; nothing else ever leaves."""
        return "GET" if self.json is None else "POST"


class Transport:
    """Sends requests to nodes by number; every limit is adaptive below the settings' bounds."""

    def __init__(
        self,
        pools: tuple[Pool, ...],
        pace: Pace,
        connect_seconds: float,
        credentials: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pools, self._pace, self._clock = pools, pace, clock
        self._connect_seconds = connect_seconds
        # identity: a compressed body that was cut short looks whole to every client.
        self._headers = {"Accept-Encoding": "identity", **credentials}

    def send(self, node: int, request: Request, interest: Interest) -> Body:
        """Send it and return the answer's body, not yet read.

        Raises Unreachable (no answer began), Interrupted (it began and cannot be used), Busy.
        """
        silence = self._pace.first_byte_limit(request.size, interest.stalls)
        exchange = _Exchange(
            self._pools[node], request, interest, max(silence, request.patience), self._headers
        )
        began = self._clock()
        try:
            head = exchange.run(self._connect_seconds)
            if not request.patience:
                self._pace.answered(self._clock() - began)
            window = self._pace.stall_limit(interest.stalls)
            exchange.link.sock.settimeout(window)
            reader = exchange.link.reader
            return Body(head, reader, exchange.end, self._pace, window, self._clock)
        except BaseException:
            exchange.end(False)
            raise


class _Exchange:
    """One request on one connection, from taking it out of the pool to giving it back."""

    def __init__(
        self,
        pool: Pool,
        request: Request,
        interest: Interest,
        silence: float,
        headers: Mapping[str, str],
    ) -> None:
        self._pool, self._interest, self._silence = pool, interest, silence
        self._question = not request.size
        self._head: Head | None = None
        target = pool.node.prefix + request.path
        everything = {"Host": pool.node.authority, **headers, **request.headers}
        self._bytes = request_bytes(request.method, target, everything, request.json)
        self.link = self._queued()

    def _queued(self) -> Link:
        """A connection of ours; while all are in use the client may leave."""
        while True:
            try:
                return self._pool.take(question=self._question, seconds=_QUEUE_LOOK)
            except Busy:
                self._interest.check()
                if self._interest.waited > _QUEUE_SECONDS:
                    raise

    def run(self, connect_seconds: float) -> Head:
        """The answer's head; a pooled connection that had just ended is replaced once."""
        self._interest.hold(self._abort)
        try:
            return self._attempt(connect_seconds)
        except _STALE:
            if not self.link.used:
                raise Unreachable("The archive closed the connection unanswered.") from None
        # The node ended an idle connection just as we wrote to it: no fault, and it has not acted.
        self.link.close()
        self.link = self._pool.unused()
        return self.run(connect_seconds)

    def end(self, is_read: bool) -> None:
        """Give the connection back; it is used again only when nothing about it is odd."""
        self._interest.let_go()
        clean = is_read and self._head is not None and self._head.keeps_open
        reusable = clean and not self.link.has_rest()
        self._pool.give(self.link, question=self._question, reusable=reusable)

    def _attempt(self, connect_seconds: float) -> Head:
        try:
            if not self.link.is_open:
                self.link.connect(min(connect_seconds, max(1.0, self._silence)))
            self.link.sock.settimeout(self._silence)
            self.link.sock.sendall(self._bytes)
            self._head = read_head(self.link.reader)
        except _STALE:
            raise
        except TimeoutError:
            raise Silent(f"The archive gave no answer in {self._silence:.2f} s.") from None
        except OSError:
            raise Interrupted("The connection to the archive broke.") from None
        return self._head

    def _abort(self) -> None:
        self.link.abort()
