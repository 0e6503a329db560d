"""The sweeper: uploads nobody goes on with, files nobody knows, acknowledged bytes that are gone.

It is one job that comes again and again; it also does what a crash left undone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.orm import Session

from pacs_proxy.database import Database, Job, Upload
from pacs_proxy.errors import DatabaseUnavailable
from pacs_proxy.errors.uploads import UploadBusy, UploadFinished
from pacs_proxy.ingest.bygone import Bygone
from pacs_proxy.ingest.rows import RECEIVING, end
from pacs_proxy.ingest.spool import Lost, Staging
from pacs_proxy.jobs import PROMPT, Claimed, Jobs, Later

KIND = "sweep"
EVERY_SECONDS = 600.0
# A file is written before its row is committed: only old ones are nobody's.
_ORPHAN_SECONDS = 3600.0
_BYTES_UNWANTED = frozenset({"cancelled", "expired", "lost"})

log = logging.getLogger(__name__)


class Sweeper:
    """The handler of the job; `clock` gives seconds since 1970."""

    def __init__(
        self,
        database: Database,
        staging: Staging,
        jobs: Jobs,
        bygone: Bygone | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._staging, self._jobs = database, staging, jobs
        self._bygone, self._clock = bygone, clock

    def ensure(self) -> None:
        """Queue the job unless it is there; called at every start.

        With the database away nothing is queued: it is there from an earlier start.
        """
        there = select(Job.id).where(Job.kind == KIND, Job.state.in_(("queued", "running")))
        with suppress(DatabaseUnavailable), self._database.write() as session:
            if session.scalar(there.limit(1)) is None:
                self._jobs.add(session, KIND, {}, lane=PROMPT)

    def __call__(self, claimed: Claimed) -> None:
        """Sweep once; raises Later, so that it comes again."""
        for row in self._unfinished():
            claimed.check()
            self._judge(row)
        for upload in list(self._staging.older_than(self._clock() - _ORPHAN_SECONDS)):
            claimed.check()
            self._tidy(upload)
        if self._bygone:
            self._bygone.end_conflicts()
            self._bygone.forget_batches()
        claimed.attempts = 1  # what failed before counts no more, for this comes for ever
        raise Later(EVERY_SECONDS)

    def _unfinished(self) -> Iterator[Upload]:
        with self._database.read() as session:
            rows = session.scalars(select(Upload).where(Upload.state == RECEIVING)).all()
        yield from rows

    def _judge(self, row: Upload) -> None:
        """Expired, lost, or still welcome; one that is just being written to is."""
        is_late = (row.expires or 0.0) < self._clock()
        if not is_late and self._staging.size(row.id) >= row.offset:
            return
        try:
            with self._staging.hold(row.id, row.offset) as part:
                part.require(row.offset)
                self._end(row, "expired")
        except Lost:
            self._end(row, "lost")
        except UploadBusy:
            return

    def _end(self, row: Upload, state: str) -> None:
        """Only if it is still as it was looked at."""
        with self._database.read() as session:
            now = session.get(Upload, row.id)
        if now is None or (now.state, now.offset) != (RECEIVING, row.offset):
            return
        try:
            end(self._database, self._jobs, row, state)
        except UploadFinished:
            return
        self._staging.discard(row.id)
        log.info("upload ended", extra={"code": state})

    def _tidy(self, upload: str) -> None:
        """Remove a file without a row, or one that its row no longer wants."""
        with self._database.read() as session:
            if not _is_wanted(session, upload):
                self._staging.discard(upload)
                log.info("staged file removed", extra={"code": "orphan"})


def _is_wanted(session: Session, upload: str) -> bool:
    row = session.get(Upload, upload)
    return row is not None and row.state not in _BYTES_UNWANTED
