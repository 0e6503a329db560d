"""Threads that work on jobs, and one that keeps their leases."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from pacs_proxy import metrics
from pacs_proxy.errors import DatabaseUnavailable, PacsProxyError
from pacs_proxy.jobs import process
from pacs_proxy.jobs.queue import TOGETHER, Claimed, Held, Jobs, Later, Lost

log = logging.getLogger(__name__)

Handler = Callable[[Claimed], None]
# Ends those of several light jobs that it can do together, and leaves the others.
Crew = Callable[[Sequence[Claimed]], None]

_LOOK_SECONDS = 0.5
_BEATS = 3  # in a lease
_LONGEST_PAUSE = 60.0
_FORGET_SECONDS = 30 * 86400.0
_HOUR = 3600.0


class _Hand:
    """One thread: the lanes it serves, and how it is woken."""

    def __init__(self, lanes: Sequence[str]) -> None:
        self.lanes, self.called, self.is_busy = tuple(lanes), threading.Event(), False


class Runner:
    """Runs handlers by kind; `lanes` has an entry for each thread.

    `given_up` is told of a job that failed for the last time, before the job ends as failed.
    `crews` are shown light jobs first; what they leave goes to the handler, one after another.
    """

    def __init__(
        self,
        jobs: Jobs,
        handlers: Mapping[str, Handler],
        lanes: Sequence[Sequence[str]],
        given_up: Mapping[str, Handler] | None = None,
        crews: Mapping[str, Crew] | None = None,
    ) -> None:
        self._jobs, self._handlers, self._given_up = jobs, handlers, given_up or {}
        self._crews = crews or {}
        self._owner = process.name()
        self._hands = [_Hand(served) for served in lanes]
        self._claims: dict[str, Claimed] = {}
        self._ending, self._closed = threading.Event(), threading.Event()
        self._beaten = self._forgotten = time.monotonic()
        self._threads = [
            threading.Thread(target=self._serve, args=(hand,), daemon=True, name="job")
            for hand in self._hands
        ]
        self._keeper = threading.Thread(target=self._keep, daemon=True, name="job-leases")

    def start(self) -> None:
        """Begin; call it after the fork."""
        self._jobs.on_added(self.wake)
        for thread in (*self._threads, self._keeper):
            thread.start()

    def stop(self, seconds: float = 3.0) -> None:
        """Let handlers stop at their next step; what does not is repeated after its lease."""
        self._ending.set()
        for hand in self._hands:
            hand.called.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._closed.set()
        self._keeper.join(max(0.1, deadline - time.monotonic()))

    def wake(self, lane: str) -> None:
        """Call a thread that has nothing to do, else one that looks again when it is done."""
        able = [h for h in self._hands if lane in h.lanes and not h.called.is_set()]
        if able:
            min(able, key=lambda hand: hand.is_busy).called.set()

    def run_next(self, lanes: Sequence[str]) -> bool:
        """Claim one job, or some light ones, and run it; False when there is none."""
        claims = self._jobs.claim_several(self._owner, lanes, TOGETHER if self._crews else 1)
        for claimed in claims:
            claimed.ending = self._ending
            self._claims[claimed.owner] = claimed
        try:
            self._run_together(claims)
            for claimed in claims:
                self._settle(claimed)
        finally:
            for claimed in claims:
                del self._claims[claimed.owner]
        return bool(claims)

    def _run_together(self, claims: Sequence[Claimed]) -> None:
        if len(claims) < 2 or claims[0].kind not in self._crews:
            return
        try:
            self._crews[claims[0].kind](claims)
        except DatabaseUnavailable:
            raise
        except Exception:  # each goes its own way then, and fails by itself if it must
            log.exception("jobs not done together", extra={"kind": claims[0].kind})

    def _serve(self, hand: _Hand) -> None:
        while not self._ending.is_set():
            hand.called.wait()
            hand.called.clear()
            hand.is_busy = True
            try:
                while not self._ending.is_set() and self.run_next(hand.lanes):
                    pass
            except DatabaseUnavailable:
                log.warning("job not kept", extra={"error": "DatabaseUnavailable"})
            except Exception:  # nobody would miss a thread that died
                log.exception("job not kept")
            hand.is_busy = False

    def _settle(self, claimed: Claimed) -> None:
        """Run the handler unless a crew has ended it, and write down how it ended."""
        try:
            outcome = "done" if claimed.finished else self._outcome(claimed)
        except Lost:
            outcome = "lost"
            self._jobs.release(claimed)
        metrics.JOBS.labels(claimed.kind, outcome).inc()

    def _outcome(self, claimed: Claimed) -> str:
        try:
            self._handle(claimed)
        except Later as wait:
            self._jobs.postpone(claimed, wait.seconds, wait.detail)
            return "later"
        except (Lost, DatabaseUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the job goes on
            return self._failed(claimed, error)
        return "done"

    def _handle(self, claimed: Claimed) -> None:
        if claimed.is_exhausted:
            raise PacsProxyError("The server stopped each time this was tried.")
        claimed.check()
        self._handlers[claimed.kind](claimed)
        if not claimed.finished:
            self._jobs.finish(claimed)

    def _failed(self, claimed: Claimed, error: Exception) -> str:
        # The text of a foreign error may hold a name; its place may not.
        fields = {"job": claimed.id, "kind": claimed.kind, "try": claimed.attempts}
        log.warning("job failed", extra=fields, exc_info=error)
        detail = error.detail if isinstance(error, PacsProxyError) else type(error).__name__
        last = claimed.attempts >= claimed.most_attempts and self._is_told(claimed)
        pause = None if last else min(_LONGEST_PAUSE, 2.0**claimed.attempts / 2)
        self._jobs.fail(claimed, pause, detail)
        return "given_up" if last else "failed"

    def _is_told(self, claimed: Claimed) -> bool:
        """Whether those who wait for the job know that it is given up."""
        try:
            if claimed.kind in self._given_up:
                self._given_up[claimed.kind](claimed)
        except Exception:  # then the job comes back for this alone
            log.exception("job not given up")
            return False
        return True

    def _keep(self) -> None:
        """Look twice a second: for what became due, for what we lost; and hold our leases."""
        pause = min(_LOOK_SECONDS, self._jobs.lease / _BEATS)
        while not self._closed.wait(pause):
            try:
                # Asked before our claims are listed, one that was just made would seem lost.
                claims = list(self._claims.values())
                held = self._jobs.held()
                self._hold(claims, held)
                self._jobs.bury(held)
                for lane in self._jobs.due():
                    self.wake(lane)
                self._forget()
            except DatabaseUnavailable:
                log.warning("jobs cannot be seen", extra={"error": "DatabaseUnavailable"})
            except Exception:  # without this thread every lease would run out
                log.exception("jobs cannot be seen")

    def _hold(self, claims: list[Claimed], held: Held) -> None:
        now = time.monotonic()
        if claims and now - self._beaten >= self._jobs.lease / _BEATS:
            self._jobs.heartbeat(claims)
            self._beaten = now
        elif claims:
            self._jobs.look(claims, held)

    def _forget(self) -> None:
        now = time.monotonic()
        if now - self._forgotten >= _HOUR:
            self._forgotten = now
            self._jobs.forget(_FORGET_SECONDS)
