"""Whether the journal is as it was written; if not, which record is the first that is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from sqlalchemy import Table, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from pacs_proxy.access.checkpoint import Checkpoint, CheckpointDamaged, Mark
from pacs_proxy.access.records import FIELDS, ORIGIN, chained
from pacs_proxy.access.tables import AuditRecord
from pacs_proxy.database import Database
from pacs_proxy.errors import DatabaseUnavailable

_BATCH = 1000
_BELIEVED = 60.0
_NONE = "This database holds no audit journal. Is it the one that the server uses?"
_TABLE: Table = AuditRecord.metadata.tables["audit"]


@dataclass(frozen=True)
class Verdict:
    """How many records follow from each other; `broken` is the number of the first that does not.

    `last` is the newest sound record, to be compared with copies kept elsewhere; without a
    checkpoint, `is_marked` false, records cut off the end leave no trace.
    """

    sound: int
    last: Mark
    broken: int | None = None
    reason: str = ""
    is_marked: bool = True

    @property
    def is_whole(self) -> bool:
        """Nothing was found."""
        return not self.reason


def expect_journal(database: Database) -> None:
    """Raise DatabaseUnavailable where there is none."""
    with database.read() as session:
        if not inspect(session.connection()).has_table("audit"):
            raise DatabaseUnavailable(_NONE)


def verify(database: Database, checkpoint: Checkpoint) -> Verdict:
    """Read the whole journal."""
    try:
        mark = checkpoint.read()
    except CheckpointDamaged as error:
        return Verdict(0, Mark(0, ORIGIN), reason=str(error))
    with database.read() as session:
        verdict = _walked(session, mark)
        if verdict.is_whole and database.is_sqlite:
            return _with_indexes(session, verdict)
        return verdict


class Verdicts:
    """One process's last verdict: all of the journal is read for one, so it serves for a minute."""

    def __init__(
        self, database: Database, checkpoint: Checkpoint, clock: Callable[[], float] = time.time
    ) -> None:
        self._database, self._checkpoint, self._clock = database, checkpoint, clock
        self._lock, self._at, self._verdict = Lock(), 0.0, Verdict(0, Mark(0, ORIGIN))

    def newest(self) -> tuple[float, Verdict]:
        """When, in seconds since 1970, and what; who asks meanwhile waits for the same."""
        with self._lock:
            if self._clock() - self._at > _BELIEVED:
                self._verdict = verify(self._database, self._checkpoint)
                self._at = self._clock()
            return self._at, self._verdict


def _walked(session: Session, mark: Mark | None) -> Verdict:
    last = Mark(0, ORIGIN)
    for record in _records(session):
        fault = _fault(record, last) or _contradiction(record, mark)
        if fault:
            return Verdict(last.seq, last, last.seq + 1, f"Record {last.seq + 1} {fault}.")
        last = Mark(record["seq"], record["hash"])
    if mark and mark.seq > last.seq:
        reason = f"Records {last.seq + 1} to {mark.seq} are gone: the checkpoint remembers them."
        return Verdict(last.seq, last, last.seq + 1, reason)
    return Verdict(last.seq, last, is_marked=mark is not None)


def _records(session: Session) -> Iterator[dict[str, Any]]:
    """In order; an empty one for what the database itself cannot read any more."""
    after = 0
    while True:
        wanted = select(_TABLE).where(_TABLE.c.seq > after).order_by(_TABLE.c.seq)
        batch = _read(session, wanted.limit(_BATCH))
        if batch is None:
            batch = _read(session, wanted.limit(1))
        if not batch:
            if batch is None:
                yield {}
            return
        yield from batch
        after = batch[-1]["seq"]


def _read(session: Session, wanted: Any) -> list[dict[str, Any]] | None:
    try:
        return [{**row} for row in session.execute(wanted).mappings()]
    # A flipped byte may leave text that is no UTF-8, or a page that is no page.
    except (SQLAlchemyError, ValueError, OverflowError):
        session.rollback()
        return None


def _fault(record: Mapping[str, Any], last: Mark) -> str:
    if not record:
        return "cannot be read"
    if record["seq"] != last.seq + 1:
        return "is missing"
    if any(not isinstance(record[name], str) for name in FIELDS[2:]):
        return "was changed: its fields are of the wrong kind"
    if record["hash"] != chained(last.hash, record):
        return "was changed: its content does not give its hash"
    return ""


def _contradiction(record: Mapping[str, Any], mark: Mark | None) -> str:
    """The chain was made anew from somewhere before the checkpoint."""
    if mark and mark.seq == record["seq"] and mark.hash != record["hash"]:
        return "is not the one that the checkpoint remembers"
    return ""


def _with_indexes(session: Session, verdict: Verdict) -> Verdict:
    """A damaged index hides sound records from those who search."""
    try:
        found = session.scalars(text("PRAGMA integrity_check('audit')")).all()
    except SQLAlchemyError:
        found = ["unreadable"]
    if list(found) == ["ok"]:
        return verdict
    reason = "All records are as written, but the table's indexes are damaged: searches may lie."
    return replace(verdict, reason=reason)
