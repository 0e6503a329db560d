"""Which node next: order and circuit breaker, pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

THRESHOLD = 5
FIRST_PROBE = 0.05
PROBE_EVERY = 0.25


@dataclass(frozen=True)
class Breaker:
    """One node's health as the whole machine sees it; times are monotonic seconds.

    Open (opened_at > 0) after five failures in a row in which the node did not act at all;
    then one prober at a time asks, each quarter second, and one right answer closes it.
    """

    failures: int = 0
    opened_at: float = 0.0
    probe_at: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether ordinary requests keep away."""
        return self.opened_at > 0

    def failed(self, now: float) -> Breaker:
        """After one more request the node did not act on."""
        if self.is_open:
            return self
        if self.failures + 1 < THRESHOLD:
            return replace(self, failures=self.failures + 1)
        return Breaker(self.failures + 1, now, now + FIRST_PROBE)

    def claimed(self, now: float) -> Breaker | None:
        """After the caller has become the prober, or None when it is not its turn."""
        if not self.is_open or now < self.probe_at:
            return None
        return replace(self, probe_at=now + PROBE_EVERY)


def choose(breakers: Sequence[Breaker], failures: int) -> int | None:
    """The first healthy node in order; each failure of this request moves on to the next."""
    healthy = [number for number, breaker in enumerate(breakers) if not breaker.is_open]
    return healthy[failures % len(healthy)] if healthy else None
