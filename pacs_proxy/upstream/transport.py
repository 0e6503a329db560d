"""The one door to the network: sends requests and turns foreign errors into ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pacs_proxy.errors import Busy, Doubtful, Interrupted, PacsProxyError, Silent, Unreachable
from pacs_proxy.upstream.body import Body
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.pace import Pace
from pacs_proxy.upstream.pool import Link, Pool
from pacs_proxy.upstream.sending import Answered, Sendable, Sending
from pacs_proxy.upstream.wire import Head, Unanswered, read_head, request_head

# How long a request queues for one of our own connections, and how often it looks up meanwhile.
_QUEUE_SECONDS, _QUEUE_LOOK = 20.0, 0.25
_STALE = (Unanswered, ConnectionResetError, BrokenPipeError)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Request:
    """What we ask of a node; `size` is the length of the file expected, 0 for a question.

    `patience` in seconds: searches may think longer than a file takes to begin, and so may
    whoever is sent a body. `repeatable` vouches that asking twice changes nothing.
    """

    path: str
    method: str = "GET"
    body: bytes | Sendable | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    patience: float = 0.0
    repeatable: bool = False

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be sent again although the node may have acted on it."""
        return not self.is_streamed and (self.repeatable or self.method in _SAFE)

    @property
    def is_streamed(self) -> bool:
        """Whether its body comes from elsewhere, piece by piece."""
        return isinstance(self.body, Sendable)

    @property
    def length(self) -> int | None:
        """Bytes of its body; None without one."""
        if isinstance(self.body, Sendable):
            return self.body.length
        return None if self.body is None else len(self.body)


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

    @property
    def delay(self) -> float:
        """Seconds until an answer of the archive usually begins; 0 before the first."""
        return self._pace.mean

    def send(self, node: int, request: Request, interest: Interest) -> Body:
        """Send it and return the answer's body, not yet read.

        Raises Unreachable (no answer began), Interrupted (it began and cannot be used), Busy;
        Doubtful where the node may have acted on what must not be repeated.
        """
        exchange = _Exchange(
            self._pools[node], request, interest, self._silence(request, interest), self._headers
        )
        began = self._clock()
        try:
            head = exchange.run(self._connect_seconds, self._pace)
            if not (request.patience or request.is_streamed):
                self._pace.answered(self._clock() - began)
            window = self._pace.stall_limit(interest.stalls)
            exchange.link.sock.settimeout(window)
            reader = exchange.link.reader
            return Body(head, reader, exchange.end, self._pace, window, self._clock)
        except BaseException:
            exchange.end(False)
            raise

    def _silence(self, request: Request, interest: Interest) -> float:
        """Seconds without a word that count as a failure."""
        if request.is_streamed and not request.patience:
            return self._pace.ceiling
        learned = self._pace.first_byte_limit(request.size, interest.stalls)
        return max(learned, request.patience)


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
        self._request = request
        self._question = not (request.size or request.is_streamed)
        self._head: Head | None = None
        self._sending: Sending | None = None
        target = pool.node.prefix + request.path
        everything = {"Host": pool.node.authority, **headers, **request.headers}
        head = request_head(request.method, target, everything, request.length)
        self._bytes = head + (request.body if isinstance(request.body, bytes) else b"")
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

    def run(self, connect_seconds: float, pace: Pace) -> Head:
        """The answer's head; a pooled connection that had just ended is replaced once."""
        self._interest.hold(self._abort)
        try:
            self._connect(connect_seconds)
            return self._asked(pace)
        except _STALE:
            if self._may_have_acted:
                raise _doubt() from None
            if not self.link.used:
                raise Unreachable("The archive closed the connection unanswered.") from None
        # The node ended an idle connection just as we wrote to it: no fault, and it has not acted.
        self.link.close()
        self.link = self._pool.unused()
        return self.run(connect_seconds, pace)

    def end(self, is_read: bool) -> None:
        """Give the connection back; it is used again only when nothing about it is odd."""
        self._interest.let_go()
        clean = is_read and self._head is not None and self._head.keeps_open
        reusable = clean and self._is_all_sent and not self.link.has_rest()
        self._pool.give(self.link, question=self._question, reusable=reusable)

    @property
    def _may_have_acted(self) -> bool:
        """Whether sending it again might do a second time what must be done once."""
        if self._request.is_repeatable:
            return False
        # Framed by its length: without a byte of its body there is nothing to act on.
        return not (self._request.is_streamed and self._request.length) or self._has_sent

    @property
    def _has_sent(self) -> bool:
        return self._sending is not None and self._sending.sent > 0

    @property
    def _is_all_sent(self) -> bool:
        return self._sending is None or self._sending.sent == self._request.length

    def _connect(self, seconds: float) -> None:
        if not self.link.is_open:
            self.link.connect(min(seconds, max(1.0, self._silence)))
            # Until now there was nothing that could be broken off.
            self._interest.check()
        self.link.sock.settimeout(self._silence)

    def _asked(self, pace: Pace) -> Head:
        """The head of the answer; what goes wrong in the words of our own errors."""
        try:
            self.link.sock.sendall(self._bytes)
            self._send_body(pace)
            self._head = read_head(self.link.reader, self._request.method)
        except _STALE:
            raise
        except (OSError, Interrupted) as error:
            raise self._failure(error) from None
        return self._head

    def _failure(self, error: Exception) -> PacsProxyError:
        if self._may_have_acted:
            return _doubt()
        if isinstance(error, TimeoutError):
            return Silent(f"The archive gave no answer in {self._silence:.2f} s.")
        if isinstance(error, Interrupted):
            return error
        return Interrupted("The connection to the archive broke.")

    def _send_body(self, pace: Pace) -> None:
        """An answer that comes before its end is an answer: too large, or too slow."""
        body = self._request.body
        if not isinstance(body, Sendable):
            return
        if self._sending is None:
            self._sending = Sending(body, self._silence, pace.least(self._silence))
        try:
            self._sending.run(self.link)
        except (Answered, ConnectionResetError, BrokenPipeError):
            # What it said before it closed lies in our buffer, even after a reset.
            return

    def _abort(self) -> None:
        self.link.abort()


def _doubt() -> Doubtful:
    return Doubtful("The archive may have acted, but its answer did not come.")
