"""What is written down and when: a study before its first byte leaves, what followed as counts."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from pacs_proxy.access.crowds import Crowd, Gate, figures
from pacs_proxy.access.journal import Journal
from pacs_proxy.access.records import DENIED, DONE, SIGN_IN, STUDY_COUNTED, Asker, Event, Study
from pacs_proxy.errors import AuditUnavailable

_REMEMBERED = 20_000
# A process that is killed forgets the counts of so many seconds; never an access.
_COUNTED_EVERY = 30.0
# A flood of strangers fills neither disk nor memory.
_STRANGERS_EVERY = 60.0

log = logging.getLogger(__name__)

Key = tuple[str, str, str]


@dataclass
class _Tally:
    asker: Asker
    study: Study
    answers: int = 0
    bytes: int = 0


class Audit:
    """One process's pen; safe to use from many threads."""

    def __init__(self, journal: Journal, clock: Callable[[], float] = time.time) -> None:
        self._journal, self._clock = journal, clock
        self._known: OrderedDict[Key, None] = OrderedDict()
        self._tallies: dict[Key, _Tally] = {}
        self._strangers, self._turned_away, self._strangers_at = Crowd(), Crowd(), 0.0
        self._gate = Gate()
        self._lock, self._ending = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def accessed(self, event: str, asker: Asker, study: Study, size: int) -> None:
        """Bytes of a study are about to leave. Raises AuditUnavailable: then they must not.

        On the disk once for each session, study and event; told again it is only counted.
        """
        key = (event, asker.session, study.id)
        if not self.knows(event, asker, study.id):
            self._journal.write(Event(event, asker, study))
        with self._lock:
            self._remember(key)
            tally = self._tallies.get(key)
            if tally is None:
                tally = self._tallies[key] = _Tally(asker, study)
            tally.answers += 1
            tally.bytes += size

    def knows(self, event: str, asker: Asker, study: str) -> bool:
        """Whether this process has seen it written down."""
        return (event, asker.session, study) in self._known

    def happened(self, event: Event) -> None:
        """Write it down. Raises AuditUnavailable."""
        self._journal.write(event)

    def told(self, event: Event) -> None:
        """Write down what stands whether or not that succeeds: a refusal, how a change ended."""
        with suppress(AuditUnavailable):
            self._journal.write(event)

    def unknown(self, address: str) -> None:
        """Somebody without a session was turned away: counted, in one record a minute at most."""
        self._strangers.add(address)

    def turned_away(self, event: Event) -> None:
        """Who tries to come in was refused unheard: a flood is one record a minute at most.

        Of each address the first of the minute are written down as they are.
        """
        if self._gate.lets(event.asker.address, self._clock()):
            self.told(event)
        else:
            self._turned_away.add(event.asker.address)

    def start(self) -> None:
        """Write counts from time to time; call it after the fork."""
        self._thread = threading.Thread(target=self._count, name="audit", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is counted, and end."""
        self._ending.set()
        if self._thread:
            self._thread.join()
        self.count()
        self._write_strangers()

    def count(self) -> None:
        """Write the counts down now; those that cannot be written wait for the next time."""
        with self._lock:
            tallies, self._tallies = self._tallies, {}
        events = [_counted(event, tally) for (event, _, _), tally in tallies.items()]
        try:
            if events:
                self._journal.write(*events)
        except AuditUnavailable:
            self._take_back(tallies)
        if self._clock() - self._strangers_at >= _STRANGERS_EVERY:
            self._write_strangers()

    def _count(self) -> None:
        while not self._ending.wait(_COUNTED_EVERY):
            self.count()

    def _write_strangers(self) -> None:
        self._write_crowd(self._strangers, DENIED, DONE)
        self._write_crowd(self._turned_away, SIGN_IN, "too_many_tries")

    def _write_crowd(self, crowd: Crowd, event: str, outcome: str) -> None:
        met = crowd.take()
        if not met:
            return
        told = Event(event, Asker("nobody", day("nobody")), outcome=outcome, detail=figures(met))
        try:
            self._journal.write(told)
            self._strangers_at = self._clock()
        except AuditUnavailable:
            crowd.give_back(met)

    def _remember(self, key: Key) -> None:
        self._known[key] = None
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _take_back(self, tallies: dict[Key, _Tally]) -> None:
        with self._lock:
            for key, tally in tallies.items():
                later = self._tallies.setdefault(key, tally)
                if later is not tally:
                    later.answers += tally.answers
                    later.bytes += tally.bytes


def day(name: str, clock: Callable[[], float] = time.time) -> str:
    """The session of somebody who has none: a day of UTC, so that no access hides for long."""
    return f"{name}:{_date(int(clock() // 86400))}"


@lru_cache(2)
def _date(number: int) -> str:
    return f"{datetime.fromtimestamp(number * 86400, UTC):%Y-%m-%d}"


def _counted(event: str, tally: _Tally) -> Event:
    figures = {"of": event, "answers": tally.answers, "bytes": tally.bytes}
    return Event(STUDY_COUNTED, tally.asker, tally.study, detail=figures)
