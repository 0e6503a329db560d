"""What hangs on a study, a series or an instance in our own tables, and how it goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from pacs_proxy.database import Job, Result, StudyLabel, Upload, touch
from pacs_proxy.ingest.rows import LIVE

if TYPE_CHECKING:
    from sqlalchemy import Select

STUDY, SERIES, INSTANCE = "studies", "series", "instances"
_COLUMNS: dict[str, InstrumentedAttribute[str | None]] = {
    STUDY: Result.study,
    SERIES: Result.series,
    INSTANCE: Result.instance,
}
# These may hold other studies' files, which are still wanted.
_ARCHIVES = ("zip", "iso")


@dataclass(frozen=True)
class Target:
    """What is to go, asked for at `since`: uploads begun later are none of its business."""

    level: str
    id: str
    study: str
    since: float

    def results(self) -> ColumnElement[bool]:
        """The condition on `Result`."""
        return and_(_COLUMNS[self.level] == self.id, Result.upload_id.in_(self._older()))

    def jobs(self) -> ColumnElement[bool]:
        """The condition on `Job`: what could store it again."""
        known = Job.upload_id.in_(select(Result.upload_id).where(_COLUMNS[self.level] == self.id))
        # What is being stored has no result yet; of which series it is, only its handler knows.
        return and_(or_(known, Job.study_id == self.study), Job.upload_id.in_(self._older()))

    def has_rows(self, session: Session) -> bool:
        """Whether anything of ours hangs on it."""
        found = session.scalar(select(Result.id).where(self.results()).limit(1))
        labels = select(StudyLabel.label).where(StudyLabel.study == self.id).limit(1)
        return found is not None or session.scalar(labels) is not None

    def unwanted(self, session: Session, mark: str) -> Sequence[str]:
        """The uploads of which nothing else is left or can come."""
        other = aliased(Result)
        is_of_target = other.id.in_(select(Result.id).where(self.results()))
        has_others = exists().where(other.upload_id == Upload.id, ~is_of_target)
        concerned = [Upload.id.in_(select(Result.upload_id).where(self.results()))]
        if self.level == STUDY:
            concerned.append(Upload.id.in_(select(Job.upload_id).where(_is_marked(mark))))
        kind = Upload.kind
        nothing_comes = or_(Upload.state.not_in(LIVE), kind.is_(None), kind.not_in(_ARCHIVES))
        found = select(Upload.id).where(or_(*concerned), ~has_others, nothing_comes)
        return session.scalars(found).all()

    def staged(self, session: Session) -> list[str]:
        """Files kept for somebody to decide about."""
        kept = session.scalars(select(Result.staged).where(self.results()))
        return [name for name in kept if name]

    def drop(self, session: Session, uploads: Sequence[str], is_last: bool) -> dict[str, int]:
        """Remove the rows, and the labels where the study has gone; how many of each."""
        mine = self.results()
        concerned = or_(Upload.id.in_(uploads), Upload.id.in_(select(Result.upload_id).where(mine)))
        touched = session.execute(select(Upload.id, Upload.batch_id).where(concerned)).all()
        results = len(session.scalars(delete(Result).where(mine).returning(Result.id)).all())
        for batch in {row.batch_id for row in touched}:
            here = [row.id for row in touched if row.batch_id == batch]
            changed = update(Upload).where(Upload.id.in_(here))
            session.execute(changed.values(rev=touch(session, batch)))
        session.execute(delete(Upload).where(Upload.id.in_(uploads)))
        labels = self._drop_labels(session) if is_last else 0
        return {"results": results, "uploads": len(uploads), "labels": labels}

    def interrupted(self, session: Session, mark: str) -> Sequence[Job]:
        """Jobs that were stopped for the deletion and whose uploads have more to come."""
        still = select(Upload.id)
        return session.scalars(select(Job).where(_is_marked(mark), Job.upload_id.in_(still))).all()

    def _drop_labels(self, session: Session) -> int:
        old = and_(StudyLabel.study == self.study, StudyLabel.created <= self.since)
        return len(session.scalars(delete(StudyLabel).where(old).returning(StudyLabel.label)).all())

    def _older(self) -> Select[str]:
        return select(Upload.id).where(Upload.created <= self.since)


def _is_marked(mark: str) -> ColumnElement[bool]:
    return and_(Job.state == "cancelled", Job.detail == mark)
