"""Whether to try again, and how long to wait first: pure values, no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_proxy.errors import PacsProxyError


@dataclass(frozen=True)
class Policy:
    """Full jitter between attempts; quick at first, then one a second until the deadline.

    Bytes received renew it: `failures` counts attempts since the last progress.
    """

    attempts: int = 3
    base: float = 0.025
    cap: float = 1.0
    retry_after_cap: float = 10.0
    deadline: float = 30.0

    def allows(self, error: PacsProxyError, waited: float) -> bool:
        """Definite answers are never asked again; the rest until the deadline without progress."""
        return error.retryable and waited < self.deadline

    def wait(self, failures: int, error: PacsProxyError, chance: float) -> float:
        """Seconds before the next attempt; `chance` is uniform in [0, 1)."""
        if error.retry_after is not None:
            return min(error.retry_after, self.retry_after_cap)
        if failures > self.attempts:
            # Three quick tries brought nothing: this is an outage, not a slip.
            return self.cap * (0.5 + 0.5 * chance)
        return float(min(self.cap, self.base * 2 ** (failures - 1)) * chance)


@dataclass(frozen=True)
class Budget:
    """Retries the whole machine may still make: a share of requests plus some a second.

    Credits live ten seconds, as in Finagle's retry budget: old traffic buys no storm.
    """

    tokens: float
    stamp: float
    share: float = 0.2
    rate: float = 10.0

    LIFE = 10.0

    def earned(self, now: float, requests: int = 1) -> Budget:
        """The budget after more requests were sent."""
        return self._at(now, self.share * requests)

    def spent(self, now: float) -> Budget | None:
        """The budget after one retry, or None when there is no credit for it."""
        left = self._at(now, -1)
        return left if left.tokens >= 0 else None

    def _at(self, now: float, change: float) -> Budget:
        passed = min(max(0.0, now - self.stamp), self.LIFE)
        kept = self.tokens * (1 - passed / self.LIFE)
        return Budget(kept + self.rate * passed + change, now, self.share, self.rate)
