"""What has waited long enough: conflicts nobody decided, and the rows of batches long over."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, select, update

from pacs_proxy.database import Batch, Database, Result, Upload, touch
from pacs_proxy.ingest.conflicts import REPLACING
from pacs_proxy.ingest.deposit import CONFLICT
from pacs_proxy.ingest.results import SKIPPED
from pacs_proxy.ingest.rows import LIVE
from pacs_proxy.ingest.spool import Staging

_PAGE = 100
UNDECIDED = "undecided"
_UNDECIDED = (
    "Nobody decided in time which of the two files is right: the archive kept its own, and this "
    "one was removed here. Send it again if it is needed."
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Keeping:
    """Seconds that an undecided conflict, and the rows of a batch, are kept."""

    conflicts: float
    batches: float


class Bygone:
    """Part of the sweeper; safe to repeat and to break off."""

    def __init__(
        self,
        database: Database,
        staging: Staging,
        keeping: Keeping,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._staging = database, staging
        self._keeping, self._clock = keeping, clock

    def end_conflicts(self) -> None:
        """The archive's files stay; the others go, row first: no row ever lacks its file."""
        old = Result.created < self._clock() - self._keeping.conflicts
        undecided = (Result.outcome == CONFLICT, Result.code.is_distinct_from(REPLACING), old)
        ended = {"outcome": SKIPPED, "code": UNDECIDED, "detail": _UNDECIDED, "settled": True}
        with self._database.read() as session:
            found = session.scalars(select(Result).where(*undecided).limit(_PAGE)).all()
        for row in found:
            with self._database.write() as session:
                change = update(Result).where(Result.id == row.id, *undecided)
                values = {**ended, "staged": None, "rev": touch(session, row.batch_id)}
                is_ended = session.scalar(change.values(values).returning(Result.id)) is not None
            if is_ended and row.staged:
                self._staging.discard_kept(row.staged)
                log.info("conflict ended", extra={"code": UNDECIDED})

    def forget_batches(self) -> None:
        """Rows of batches that are over: what they stored is the archive's, and stays there."""
        for batch in self._old():
            with self._database.write() as session:
                session.execute(delete(Batch).where(Batch.id == batch, *self._over()))

    def _old(self) -> Sequence[str]:
        with self._database.read() as session:
            return session.scalars(select(Batch.id).where(*self._over()).limit(_PAGE)).all()

    def _over(self) -> tuple[ColumnElement[bool], ...]:
        """Nothing of it is under way, waits for a decision, or has its second look to come."""
        of_it = Upload.batch_id == Batch.id
        waits = (Result.settled == False) | (Result.outcome == CONFLICT)  # noqa: E712
        return (
            Batch.created < self._clock() - self._keeping.batches,
            ~exists().where(of_it, Upload.state.in_(LIVE)),
            ~exists().where(of_it, Upload.progressed >= self._clock() - self._keeping.batches),
            ~exists().where(Result.batch_id == Batch.id, waits),
        )
