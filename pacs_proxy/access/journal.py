"""The audit journal: each record carries the hash of the one before, and none is ever changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from pacs_proxy.access.checkpoint import Checkpoint, CheckpointDamaged, Mark
from pacs_proxy.access.records import FIRST, ORIGIN, Event, chained
from pacs_proxy.access.tables import AuditRecord
from pacs_proxy.database import Database
from pacs_proxy.errors import AuditUnavailable, DatabaseUnavailable

# A reader waits for this; behind it stands a disk that is full or a lock that somebody holds.
_PATIENCE = 5.0
# Any number, the same for all who write to one PostgreSQL database.
_LOCK = 7_236_212
_ONE_AT_A_TIME = text(
    "SELECT set_config('lock_timeout', :patience, true), set_config('synchronous_commit', 'on', "
    "true), pg_advisory_xact_lock(:key)"
)
_SAID = (
    "This cannot be recorded in the audit journal, so it is not permitted. Try again; if it lasts, "
    "tell your administrator that the proxy's database takes no records: its disk may be full, or "
    "something may hold it locked."
)

log = logging.getLogger(__name__)


class _Wish:
    """Records that somebody wants written, and what became of them."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events, self.is_over = events, False
        self.error: AuditUnavailable | None = None


class Journal:
    """Writes records; safe to use from many threads, whose records share one fsync."""

    def __init__(
        self,
        database: Database,
        checkpoint: Checkpoint,
        clock: Callable[[], float] = time.time,
        patience: float = _PATIENCE,
    ) -> None:
        self._database, self._checkpoint, self._clock = database, checkpoint, clock
        self._patience = patience
        self._wishes: list[_Wish] = []
        self._turn = Lock()

    def write(self, *events: Event) -> None:
        """On the disk on return, or AuditUnavailable; one of FIRST is written only once."""
        wish = _Wish(events)
        self._wishes.append(wish)
        if not self._turn.acquire(timeout=2 * self._patience):
            raise AuditUnavailable(_SAID)
        try:
            if not wish.is_over:
                self._fulfil()
        finally:
            self._turn.release()
        if wish.error:
            raise wish.error

    def _fulfil(self) -> None:
        """Write what all who wait here want."""
        wishes, self._wishes = self._wishes, []
        error: AuditUnavailable | None = None
        try:
            self._written([event for wish in wishes for event in wish.events])
        except AuditUnavailable as failed:
            error = failed
        for wish in wishes:
            wish.error, wish.is_over = error, True

    def _written(self, events: Sequence[Event]) -> None:
        try:
            with self._database.write(self._patience) as session:
                self._exclude_others(session)
                mark = self._append(session, _news(session, events))
        except (DatabaseUnavailable, SQLAlchemyError) as error:
            # Not its text: that may hold values.
            log.error("the audit journal cannot be written", extra={"cause": _cause(error)})  # noqa: TRY400
            raise AuditUnavailable(_SAID) from error
        if mark:
            self._keep(mark)

    def _exclude_others(self, session: Session) -> None:
        """The chain has one end; SQLite has only one writer anyway."""
        if not self._database.is_sqlite:
            waits = f"{int(self._patience * 1000)}ms"
            session.execute(_ONE_AT_A_TIME, {"patience": waits, "key": _LOCK})

    def _append(self, session: Session, events: Sequence[Event]) -> Mark | None:
        if not events:
            return None
        seq, last = _end(session)
        records: list[dict[str, Any]] = []
        for event in events:
            values = event.values(seq + 1, self._clock())
            seq, last = seq + 1, chained(last, values)
            records.append({**values, "hash": last})
        session.execute(insert(AuditRecord), records)
        return Mark(seq, last)

    def _keep(self, mark: Mark) -> None:
        """The record is safe; without its mark only a cut-off tail goes unnoticed."""
        try:
            self._checkpoint.advance(mark)
        except (OSError, CheckpointDamaged):
            log.exception("the audit checkpoint cannot be written")


def _end(session: Session) -> Mark:
    newest = select(AuditRecord.seq, AuditRecord.hash).order_by(AuditRecord.seq.desc()).limit(1)
    found = session.execute(newest).first()
    return Mark(found.seq, found.hash) if found else Mark(0, ORIGIN)


def _news(session: Session, events: Sequence[Event]) -> list[Event]:
    """Without those of FIRST that the journal has, or that come twice."""
    found, met = [], set()
    for event in events:
        key = (event.event, event.asker.session, event.study.id)
        if event.event in FIRST and (key in met or _is_known(session, event)):
            continue
        met.add(key)
        found.append(event)
    return found


def _is_known(session: Session, event: Event) -> bool:
    kept = select(AuditRecord.seq).where(
        AuditRecord.session == event.asker.session,
        AuditRecord.study == event.study.id,
        AuditRecord.event == event.event,
    )
    return session.scalar(kept) is not None


def _cause(error: Exception) -> str:
    return type(error.__cause__ or error).__name__
