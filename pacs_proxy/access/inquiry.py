"""Questions to the journal: who saw whose images, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, or_, select

from pacs_proxy.access.records import FIELDS
from pacs_proxy.access.tables import AuditRecord
from pacs_proxy.database import Database

_AT_ONCE = 1000


@dataclass(frozen=True)
class Inquiry:
    """Empty means any. `study` is Orthanc's identifier or the StudyInstanceUID; times in seconds.

    `since` belongs to the answer, `until` does not.
    """

    patient: str = ""
    user: str = ""
    study: str = ""
    since: float | None = None
    until: float | None = None
    event: str = ""

    def terms(self) -> dict[str, Any]:
        """What was asked, for the journal itself."""
        return {name: value for name, value in asdict(self).items() if value}

    def _select(self) -> Select[AuditRecord]:
        wanted = select(AuditRecord).order_by(AuditRecord.seq)
        if self.patient:
            wanted = wanted.where(AuditRecord.patient == self.patient)
        if self.user:
            wanted = wanted.where(AuditRecord.principal == self.user)
        if self.study:
            wanted = wanted.where(
                or_(AuditRecord.study == self.study, AuditRecord.study_uid == self.study)
            )
        if self.event:
            wanted = wanted.where(AuditRecord.event == self.event)
        if self.since is not None:
            wanted = wanted.where(AuditRecord.at >= self.since)
        if self.until is not None:
            wanted = wanted.where(AuditRecord.at < self.until)
        return wanted

    def records(self, database: Database) -> Iterator[AuditRecord]:
        """What the journal holds about it, oldest first. Raises DatabaseUnavailable."""
        with database.read() as session:
            found = session.scalars(self._select().execution_options(yield_per=_AT_ONCE))
            yield from found

    def page(self, database: Database, limit: int, before: int | None) -> list[AuditRecord]:
        """Up to `limit` records, newest first, numbered below `before`. Raises as `records`."""
        newest = self._select().order_by(None).order_by(AuditRecord.seq.desc()).limit(limit)
        if before is not None:
            newest = newest.where(AuditRecord.seq < before)
        with database.read() as session:
            found = list(session.scalars(newest))
            session.expunge_all()
        return found


def as_dict(record: AuditRecord) -> dict[str, Any]:
    """All that a record says, its time and details readable."""
    values = {name: getattr(record, name) for name in FIELDS}
    more = {"at": moment(record.at), "detail": json.loads(record.detail), "hash": record.hash}
    return {**values, **more}


def moment(at: float) -> str:
    """As people and programs read it: UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
