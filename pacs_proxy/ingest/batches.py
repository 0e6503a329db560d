"""Batches: what one person sent in one go, and what changed in it since a revision."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pacs_proxy.alone import alone
from pacs_proxy.database import Batch, Database, Job, Result, Upload, touch
from pacs_proxy.errors import NotFound
from pacs_proxy.ingest.rows import LIVE, STOPPABLE
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.jobs import Jobs

OUTCOMES = ("stored", "duplicate", "conflict", "refused", "skipped")
# Rows of one answer: as many as a page can take without a pause.
_PAGE = 500
_RECENT = 50
_ID = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)


@dataclass(frozen=True)
class Tally:
    """A batch in figures; bytes are the files' own."""

    uploads: int
    bytes: int
    received_bytes: int
    waiting: int
    outcomes: dict[str, int]
    states: dict[str, int]


@dataclass(frozen=True)
class News:
    """What changed after the revision asked for, up to `rev`; `more` when there is more already."""

    batch: Batch
    tally: Tally
    rev: int
    more: bool
    uploads: Sequence[tuple[Upload, dict[str, int], str | None]]
    results: Sequence[Result]


class Batches:
    """Batches of an owner, who is the principal's name."""

    def __init__(
        self,
        database: Database,
        staging: Staging,
        jobs: Jobs,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._staging, self._jobs = database, staging, jobs
        self._clock = clock

    def begin(self, owner: str, key: str, source: str, expected: int | None) -> tuple[Batch, bool]:
        """The batch of this client key, and whether it is new."""
        known = self._by_key(owner, key)
        if known:
            return known, False
        now = self._clock()
        values = {
            "id": uuid.uuid4().hex,
            "owner": owner,
            "client_key": key,
            "source": source,
            "created": now,
            "expected_files": expected,
        }
        try:
            with self._database.write() as session:
                label = _medium_label(session, now) if source == "usb" else None
                session.execute(insert(Batch), [{**values, "label": label}])
        except IntegrityError:
            pass  # asked twice at the same time
        else:
            return self.find(owner, str(values["id"])), True
        return self._by_key(owner, key) or self.find(owner, str(values["id"])), False

    def find(self, owner: str, batch: str) -> Batch:
        """Raises NotFound, also for what is another's."""
        with self._database.read() as session:
            return _owned(session, owner, batch)

    def recent(self, owner: str) -> list[tuple[Batch, Tally]]:
        """The newest ones first."""
        with self._database.read() as session:
            mine = select(Batch).where(Batch.owner == owner).order_by(Batch.created.desc())
            return [(row, _tally(session, row.id)) for row in session.scalars(mine.limit(_RECENT))]

    def news(self, owner: str, batch: str, since: int) -> News:
        """Everything that changed after `since`, in pages that never split a revision."""
        with self._database.read() as session:
            row = _owned(session, owner, batch)
            until = min(_page_end(session, kind, row, since) for kind in (Upload, Result))
            changed = Upload.batch_id == batch, Upload.rev > since, Upload.rev <= until
            uploads = _rows(session, Upload, changed)
            known = Result.batch_id == batch, Result.rev > since, Result.rev <= until
            results = _rows(session, Result, known)
            outcomes = _outcomes(session, [upload.id for upload in uploads])
            listed = [(upload, *outcomes.get(upload.id, ({}, None))) for upload in uploads]
            return News(row, _tally(session, batch), until, until < row.rev, listed, results)

    def everything(
        self, owner: str, batch: str
    ) -> tuple[Batch, Sequence[Upload], Sequence[Result]]:
        """All rows of a batch, for its report."""
        with self._database.read() as session:
            row = _owned(session, owner, batch)
            mine = select(Upload).where(Upload.batch_id == batch).order_by(Upload.created)
            ends = select(Result).where(Result.batch_id == batch).order_by(Result.id)
            return row, session.scalars(mine).all(), session.scalars(ends).all()

    def cancel(self, owner: str, batch: str) -> None:
        """End what is not being stored yet, and take nothing more; safe to repeat."""
        open_ = Upload.state.in_(STOPPABLE)
        with self._database.write() as session:
            row = _owned(session, owner, batch)
            ended = (
                update(Upload)
                .where(Upload.batch_id == row.id, open_)
                .values(state="cancelled", rev=touch(session, row.id))
                .returning(Upload.id)
            )
            gone = list(session.scalars(ended))
            session.execute(update(Batch).where(Batch.id == row.id).values(closed=True))
            cancelled = select(Upload.id).where(Upload.batch_id == row.id)
            cancelled = cancelled.where(Upload.state == "cancelled")
            self._jobs.cancel(session, Job.upload_id.in_(cancelled))
        for upload in gone:
            self._staging.discard(upload)

    def _by_key(self, owner: str, key: str) -> Batch | None:
        with self._database.read() as session:
            named = select(Batch).where(Batch.owner == owner, Batch.client_key == key)
            return session.scalar(named)


def _owned(session: Session, owner: str, batch: str) -> Batch:
    row = session.get(Batch, batch) if _ID.match(batch) else None
    if row is None or row.owner != owner:
        raise NotFound("There is no such batch.")
    return row


def _medium_label(session: Session, now: float) -> str:
    """USB_<yyyymmdd>_<n>: the n-th medium of the day here."""
    day = time.strftime("USB_%Y%m%d_", time.localtime(now))
    alone(session, day)
    of_day = select(Batch.label).where(Batch.label.startswith(day, autoescape=True))
    numbers = [int(label.removeprefix(day)) for label in session.scalars(of_day) if label]
    return f"{day}{max(numbers, default=0) + 1}"


def _page_end(session: Session, kind: type[Upload] | type[Result], batch: Batch, since: int) -> int:
    """The revision up to which one page of rows goes; all of it when they fit."""
    after = select(kind.rev).where(kind.batch_id == batch.id, kind.rev > since)
    last = session.scalar(after.order_by(kind.rev).offset(_PAGE - 1).limit(1))
    return batch.rev if last is None else last


def _rows(
    session: Session, kind: type[Upload] | type[Result], which: Sequence[ColumnElement[bool]]
) -> list[Any]:
    """Rows with the attributes of `kind`: objects that could be changed cost more to make."""
    table = kind.metadata.tables[kind.__tablename__]
    asked = select(table).where(*which).order_by(table.c.rev)
    return list(session.connection().execute(asked))


def _tally(session: Session, batch: str) -> Tally:
    sums = select(
        Upload.state, func.count(), func.sum(Upload.length), func.sum(Upload.offset)
    ).where(Upload.batch_id == batch)
    rows = session.execute(sums.group_by(Upload.state)).all()
    ends = select(Result.outcome, func.count()).where(Result.batch_id == batch)
    outcomes = dict(list(session.execute(ends.group_by(Result.outcome))))
    return Tally(
        sum(count for _, count, _, _ in rows),
        sum(int(length) for _, _, length, _ in rows),
        sum(int(offset) for _, _, _, offset in rows),
        sum(count for state, count, _, _ in rows if state in LIVE),
        {name: outcomes.get(name, 0) for name in OUTCOMES},
        {state: count for state, count, _, _ in rows},
    )


def _outcomes(
    session: Session, uploads: Sequence[str]
) -> dict[str, tuple[dict[str, int], str | None]]:
    """For each upload: how many results of each outcome, and a study they belong to."""
    which: ColumnElement[bool] = Result.upload_id.in_(uploads)
    counted = select(Result.upload_id, Result.outcome, func.count(), func.max(Result.study))
    found: dict[str, tuple[dict[str, int], str | None]] = {}
    grouped = counted.where(which).group_by(Result.upload_id, Result.outcome)
    for upload, outcome, count, study in session.execute(grouped):
        counts, known = found.get(upload, ({}, None))
        found[upload] = ({**counts, outcome: count}, known or study)
    return found
