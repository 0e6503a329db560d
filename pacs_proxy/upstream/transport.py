"""The one door to the network: sends requests and turns foreign errors into ours."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pacs_proxy.errors import Busy, Interrupted, Silent, Unreachable
from pacs_proxy.upstream.body import Body
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.pace import Pace
from pacs_proxy.upstream.pool import Link, Pool

# How long a request queues for one of our own connections, and how often it looks up meanwhile.
_QUEUE_SECONDS, _QUEUE_LOOK = 20.0, 0.25
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


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
        learned = self._pace.first_byte_limit(request.size, interest.stalls)
        silence = max(learned, request.patience)
        exchange = _Exchange(self._pools[node], request, interest, silence)
        began = self._clock()
        try:
            response = exchange.run({**self._headers, **request.headers}, self._connect_seconds)
            if not request.patience:
                self._pace.answered(self._clock() - began)
            exchange.link.sock.settimeout(self._pace.stall_limit(interest.stalls))
            return Body(response, exchange.end, self._pace, interest.stalls, self._clock)
        except BaseException:
            exchange.end(False)
            raise


class _Exchange:
    """One request on one connection, from taking it out of the pool to giving it back."""

    def __init__(self, pool: Pool, request: Request, interest: Interest, silence: float) -> None:
        self._pool, self._request, self._interest = pool, request, interest
        self._silence = silence
        self._response: http.client.HTTPResponse | None = None
        self._question = not request.size
        self._target = pool.node.prefix + request.path
        self.link = self._queued()

    def _queued(self) -> Link:
        """A connection once one is free: our own queue is no silence of the archive."""
        while True:
            try:
                return self._pool.take(question=self._question, seconds=_QUEUE_LOOK)
            except Busy:
                self._interest.check()
                if self._interest.waited > _QUEUE_SECONDS:
                    raise

    def run(self, headers: Mapping[str, str], connect_seconds: float) -> http.client.HTTPResponse:
        self._interest.hold(self._abort)
        try:
            return self._attempt(headers, connect_seconds)
        except _STALE:
            if not self.link.used:
                raise Unreachable("The archive closed the connection unanswered.") from None
        # The node ended an idle connection just as we wrote to it: no fault, and it has not acted.
        self.link.close()
        self.link = self._pool.unused()
        return self.run(headers, connect_seconds)

    def end(self, is_read: bool) -> None:
        self._interest.let_go()
        reusable = is_read and self._is_clean()
        if self._response is not None:
            self._response.close()
        self._pool.give(self.link, question=self._question, reusable=reusable)

    def _attempt(
        self, headers: Mapping[str, str], connect_seconds: float
    ) -> http.client.HTTPResponse:
        request = self._request
        try:
            if not self.link.is_open:
                self.link.connect(min(connect_seconds, max(1.0, self._silence)))
            self.link.sock.settimeout(self._silence)
            self.link.http.request(request.method, self._target, request.json, dict(headers))
            self._response = response = self.link.http.getresponse()
        except _STALE:
            raise
        except TimeoutError:
            raise Silent(f"The archive gave no answer in {self._silence:.2f} s.") from None
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise Interrupted(
                f"The archive's answer is no HTTP ({type(error).__name__})."
            ) from None
        return response

    def _abort(self) -> None:
        self.link.abort()

    def _is_clean(self) -> bool:
        """Bytes behind the body would become the beginning of the next answer."""
        if self._response is None or self._response.will_close or self._response.fp is None:
            return False
        try:
            self.link.sock.settimeout(0)
            return not self._response.fp.peek(1)
        except (OSError, ValueError):
            return False
