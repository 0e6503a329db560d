"""The breakers and the retry budget of the machine, kept in shared memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import astuple

from pacs_proxy.control import Control
from pacs_proxy.upstream.nodes import Breaker, choose
from pacs_proxy.upstream.retry import Budget

_CLOSED = astuple(Breaker())
# Requests of one process that are counted at once, or those of this many seconds.
_TOGETHER, _WITHIN = 16, 0.5


class Health:
    """What every worker knows of the archive's nodes."""

    def __init__(
        self,
        control: Control,
        nodes: int,
        share: float,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._control, self._count, self._clock = control, nodes, clock
        self._share, self._rate = share, rate
        self._counting = threading.Lock()
        self._sent, self._counted_at = 0, 0.0

    def breakers(self) -> list[Breaker]:
        """One for each node, in the order of the setting."""
        return [Breaker(*self._control.breaker(n)) for n in range(self._count)]

    def choose(self, failures: int) -> int | None:
        """The node for the next attempt, or None while all are away."""
        if not failures and self._control.breaker(0) == _CLOSED:
            return 0  # the usual case, without a list
        return choose(self.breakers(), failures)

    def succeeded(self, node: int) -> None:
        """The node acted; in the usual case nothing is written."""
        if self._control.breaker(node) != _CLOSED:
            with self._control.locked():
                self._control.set_breaker(node, _CLOSED)

    def failed(self, node: int) -> None:
        """The node did not act at all."""
        with self._control.locked():
            breaker = Breaker(*self._control.breaker(node)).failed(self._clock())
            self._control.set_breaker(node, astuple(breaker))

    def claim_probe(self) -> int | None:
        """The node the caller must probe now; at most one prober on the whole machine each."""
        with self._control.locked():
            for node, breaker in enumerate(self.breakers()):
                claimed = breaker.claimed(self._clock())
                if claimed:
                    self._control.set_breaker(node, astuple(claimed))
                    return node
        return None

    def away_for(self) -> float:
        """Seconds since the last node went away; 0 while any node answers."""
        breakers = self.breakers()
        if not all(b.is_open for b in breakers):
            return 0.0
        return max(0.0, self._clock() - max(b.opened_at for b in breakers))

    def earn(self) -> None:
        """Count one request sent; several together, since the machine's lock costs more."""
        now = self._clock()
        with self._counting:
            self._sent += 1
            if self._sent < _TOGETHER and now - self._counted_at < _WITHIN:
                return
            sent, self._sent, self._counted_at = self._sent, 0, now
        with self._control.locked():
            self._store(self._budget().earned(now, sent))

    def spend(self) -> bool:
        """Take one retry from the machine's budget; False when there is none left."""
        with self._control.locked():
            left = self._budget().spent(self._clock())
            if left:
                self._store(left)
            return left is not None

    def _budget(self) -> Budget:
        tokens, stamp = self._control.budget
        return Budget(tokens, stamp or self._clock() - 1.0, self._share, self._rate)

    def _store(self, budget: Budget) -> None:
        self._control.budget = (budget.tokens, budget.stamp)
