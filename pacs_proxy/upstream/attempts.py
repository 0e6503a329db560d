"""The tries of one request: the only place where the proxy decides to ask again."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Semaphore, Thread
from typing import TypeVar

from pacs_proxy import metrics
from pacs_proxy.errors import (
    Busy,
    Damaged,
    Forbidden,
    NotFound,
    PacsProxyError,
    Refused,
    Silent,
    Stalled,
    Unreachable,
    UpstreamError,
)
from pacs_proxy.upstream.health import Health
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.retry import Policy

# The same wrong answer as often as this is the stored object's own fault.
EQUAL_ANSWERS = 3
_LOOK_AGAIN = 0.02

log = logging.getLogger(__name__)
T = TypeVar("T")


def in_a_thread(work: Callable[[], object]) -> None:
    """Beside the caller."""
    Thread(target=work, name="look", daemon=True).start()


@dataclass(frozen=True)
class Persistence:
    """What all requests share when they try again."""

    health: Health
    policy: Policy
    probe: Callable[[int, Interest], bool]
    waiting: Semaphore
    chance: Callable[[], float] = random.random
    beside: Callable[[Callable[[], object]], None] = in_a_thread

    def look(self) -> None:
        """Probe a node that is away and due, without making anybody wait for the answer."""
        node = self.health.claim_probe()
        if node is not None:
            self.beside(lambda: self.probed(node, Interest()))

    def probed(self, node: int, interest: Interest) -> None:
        """Let requests through again if the node answers."""
        if self.probe(node, interest):
            self.health.succeeded(node)


@dataclass
class Attempts:
    """One request's tries; bytes beyond the furthest ever reached renew its patience."""

    shared: Persistence
    interest: Interest
    # Searches and lists concern no stored object that could be damaged.
    concerns_object: bool = True
    failures: int = 0
    furthest: int = 0
    evidence: list[str] = field(default_factory=list)

    def node(self) -> int:
        """The node to ask now; waits while all are away. Raises Unreachable, Abandoned."""
        node = self.shared.health.choose(self.failures)
        if node is None:
            node = self._recovered()
        self.shared.health.earn()
        metrics.UPSTREAM_REQUESTS.inc()
        return node

    def reached(self, offset: int) -> None:
        """Bytes up to `offset` have come."""
        if offset > self.furthest:
            self.furthest, self.failures, self.evidence = offset, 0, []
            self.interest.progress()

    def failed(self, error: PacsProxyError, node: int | None = None) -> None:
        """Wait before the next try, or raise when there must be none."""
        # What broke because we broke it off says nothing about the archive.
        self.interest.check()
        self.failures += 1
        metrics.UPSTREAM_FAILURES.labels(type(error).__name__).inc()
        seen = {"error": type(error).__name__, "detail": error.detail, "try": self.failures}
        log.info("upstream failed", extra=seen)
        if node is not None and isinstance(error, Unreachable):
            self.shared.health.failed(node)
        if isinstance(error, Silent | Stalled):
            self.interest.stalls += 1
        self._judge(error)
        self._wait(error)

    def _judge(self, error: PacsProxyError) -> None:
        if not self.shared.policy.allows(error, self.interest.waited):
            raise error
        if error.evidence is None:
            return
        # Other failures between equal answers say nothing for or against the stored object.
        self.evidence.append(error.evidence)
        if self.evidence.count(error.evidence) == EQUAL_ANSWERS:
            raise self._verdict(error) from error

    def _verdict(self, error: PacsProxyError) -> UpstreamError:
        if not self.concerns_object:
            return Refused(f"The archive failed {EQUAL_ANSWERS} times alike. {error.detail}")
        metrics.UPSTREAM_DAMAGED.inc()
        return Damaged(
            f"The archive delivered the same wrong bytes {EQUAL_ANSWERS} times ({error.detail}) "
            "The stored object is damaged; ask the archive's administrator to verify it."
        )

    def _wait(self, error: PacsProxyError) -> None:
        policy = self.shared.policy
        pause = policy.wait(self.failures, error, self.shared.chance())
        if self.interest.waited + pause > policy.deadline:
            raise error
        self.interest.sleep(pause)
        while not self.shared.health.spend():
            if self.interest.waited > policy.deadline:
                raise error
            self.interest.sleep(_LOOK_AGAIN + policy.base * self.shared.chance())
        metrics.UPSTREAM_RETRIES.inc()

    def _recovered(self) -> int:
        """A node that is back; waiting is bounded in time and in number of waiters."""
        if not self.shared.waiting.acquire(blocking=False):
            raise Unreachable("The archive is away and many requests wait for it.", retry_after=2)
        try:
            while (node := self.shared.health.choose(self.failures)) is None:
                self._look_out()
            return node
        finally:
            self.shared.waiting.release()

    def _look_out(self) -> None:
        health, deadline = self.shared.health, self.shared.policy.deadline
        if health.away_for() > deadline or self.interest.waited > deadline:
            # Nobody waits any more; without this look nobody would ever see it come back.
            self.shared.look()
            raise Unreachable(
                f"The archive has been away for {health.away_for():.0f} s; "
                "loading goes on by itself when it is back.",
                retry_after=5,
            )
        node = health.claim_probe()
        if node is None:
            self.interest.sleep(_LOOK_AGAIN * (0.5 + self.shared.chance()))
        else:
            self.shared.probed(node, self.interest)


def persist(attempts: Attempts, ask: Callable[[int], T]) -> T:
    """The value of `ask(node)`, tried as often as the policy allows."""
    while True:
        node = attempts.node()
        try:
            value = ask(node)
        except (UpstreamError, Busy) as error:
            attempts.failed(error, node)
        except (NotFound, Forbidden):
            attempts.shared.health.succeeded(node)
            raise
        else:
            attempts.shared.health.succeeded(node)
            return value
