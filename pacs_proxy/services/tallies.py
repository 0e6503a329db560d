"""What browsers saw, added up by the hour: counts and times by name and coding, of nobody."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, String, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from pacs_proxy import metrics
from pacs_proxy.database import Base, Database
from pacs_proxy.errors import TooOften

# Upper ends in milliseconds; the last bucket has none.
BOUNDS = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000)
_HOUR = 3600
_KEPT_HOURS = 90 * 24
_EVERY_SECONDS, _AT_ONCE, _SENDERS = 5.0, 12.0, 5_000


class Tally(Base):
    """So many of one kind in one hour; `bucket` is -1 for what is only counted."""

    __tablename__ = "tallies"

    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    syntax: Mapped[str] = mapped_column(String(64), primary_key=True)
    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True)
class Seen:
    """One line of a report."""

    name: str
    syntax: str
    bucket: int
    count: int


class Key(NamedTuple):
    """Which row a line is added to."""

    hour: int
    name: str
    syntax: str
    bucket: int

    def conditions(self) -> list[ColumnElement[bool]]:
        """That row alone."""
        columns = (Tally.hour, Tally.name, Tally.syntax, Tally.bucket)
        return [column == value for column, value in zip(columns, self, strict=True)]


class Tallies:
    """Adds and tells; `clock` gives seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock
        self._allowance: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock, self._tidied = Lock(), 0

    def expect(self, sender: str) -> None:
        """One report every five seconds, a minute's worth at once. Raises TooOften."""
        now = self._clock()
        with self._lock:
            left, when = self._allowance.pop(sender, (_AT_ONCE, now))
            left = min(_AT_ONCE, left + (now - when) / _EVERY_SECONDS)
            self._allowance[sender] = (max(0.0, left - 1), now)
            while len(self._allowance) > _SENDERS:
                self._allowance.popitem(last=False)
        if left < 1:
            raise TooOften("Too many reports; send one every five seconds.", _EVERY_SECONDS)

    def add(self, report: Sequence[Seen]) -> None:
        """Raises DatabaseUnavailable."""
        hour = int(self._clock()) // _HOUR
        for seen in report:
            metrics.SEEN.labels(seen.name).inc(seen.count)
        try:
            self._add(report, hour)
        except IntegrityError:  # another process began the same row at this moment
            self._add(report, hour)

    def _add(self, report: Sequence[Seen], hour: int) -> None:
        with self._database.write() as session:
            for seen in report:
                key = Key(hour, seen.name, seen.syntax, seen.bucket)
                more = update(Tally).where(*key.conditions()).values(count=Tally.count + seen.count)
                if not session.execute(more.returning(Tally.count)).all():
                    session.add(Tally(**key._asdict(), count=seen.count))
                    session.flush()
            if self._tidied != hour:
                session.execute(delete(Tally).where(Tally.hour < hour - _KEPT_HOURS))
                self._tidied = hour

    def since(self, hours: int) -> Sequence[Tally]:
        """The rows of so many hours until now, oldest first. Raises DatabaseUnavailable."""
        first = int(self._clock()) // _HOUR - hours + 1
        with self._database.read() as session:
            rows = select(Tally).where(Tally.hour >= first).order_by(Tally.hour, Tally.name)
            return session.scalars(rows).all()
