"""Studies out of reach, opened in an emergency: one each, by one session, for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import delete, func, select, update

from pacs_proxy.access.tables import Opening
from pacs_proxy.database import Database

_TRUST, _KEPT = 2.0, 86_400.0
_MANY = 10_000


class Glass:
    """Openings of one database; `session` is the journal's name for it, times in seconds."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock
        self._believed: dict[str, tuple[float, dict[str, float]]] = {}

    def open(self, session: str, study: str, seconds: float) -> float:
        """From now on that session reaches the study; until when."""
        now = self._clock()
        until = now + seconds
        with self._database.write() as writing:
            writing.execute(delete(Opening).where(Opening.until < now - _KEPT))
            writing.merge(Opening(session=session, study=study, until=until))
        self._believed.pop(session, None)
        return until

    def until(self, session: str, study: str) -> float:
        """When it ends; 0 for what was not opened, or no longer is."""
        now = self._clock()
        found = self._known(session).get(study, 0.0)
        if found <= now:
            # Another worker may have opened it a moment ago.
            self._believed.pop(session, None)
            found = self._known(session).get(study, 0.0)
        return found if found > now else 0.0

    def listed(self, session: str) -> dict[str, float]:
        """What that session reaches by it, and until when."""
        now = self._clock()
        return {study: until for study, until in self._read(session).items() if until > now}

    def end(self, session: str, study: str | None = None) -> Sequence[str]:
        """What it opened, or that study alone, is out of reach again; which ones.

        Other workers learn of it within two seconds; answers on their way end as at the time's end.
        """
        now = self._clock()
        open_now = update(Opening).where(Opening.session == session, Opening.until > now)
        wanted = open_now if study is None else open_now.where(Opening.study == study)
        with self._database.write() as writing:
            ended = writing.scalars(wanted.values(until=now).returning(Opening.study)).all()
        self._believed.pop(session, None)
        return ended

    def counted(self) -> dict[str, int]:
        """How many each session has open now."""
        open_now = select(Opening.session, func.count()).where(Opening.until > self._clock())
        with self._database.read() as reading:
            return dict(reading.execute(open_now.group_by(Opening.session)).all())

    def lapsed(self, session: str, since: float) -> bool:
        """Whether an opening ended in the meantime: what it let out must not go on."""
        now = self._clock()
        return any(since < until <= now for until in self._known(session).values())

    def _known(self, session: str) -> dict[str, float]:
        at, found = self._believed.get(session, (0.0, {}))
        if self._clock() - at < _TRUST:
            return found
        if len(self._believed) > _MANY:
            self._believed.clear()
        found = self._read(session)
        self._believed[session] = (self._clock(), found)
        return found

    def _read(self, session: str) -> dict[str, float]:
        with self._database.read() as reading:
            rows = reading.scalars(select(Opening).where(Opening.session == session))
            return {row.study: row.until for row in rows}
