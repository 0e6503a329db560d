"""Delete from the archive with all that hangs on it: one job that may be repeated at any point.

The order makes it safe: first whatever could store it again stops, then the archive deletes and
is asked whether it did, then our own files and rows go. Each step finds what an earlier, killed
run has left of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from pacs_proxy.access import shares
from pacs_proxy.alone import alone
from pacs_proxy.archive import catalogue
from pacs_proxy.archive.instances import Instances
from pacs_proxy.archive.studies import understood
from pacs_proxy.database import Database, Job
from pacs_proxy.errors import BadUpload, NotFound, Refused, UpstreamError
from pacs_proxy.ingest.deleted import INSTANCE, STUDY, Target
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.jobs import PROMPT, Claimed, Jobs, Later
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest

KIND = "delete"
DELETED = "study_deleted"
NO_SUCH = "There is no such deletion."
_UNDER_WAY = ("queued", "running")
_LOOK_AGAIN, _ARCHIVE_AWAY, _WAIT_FOR_IT = 0.2, 2.0, 0.5
_POLL = 0.05
# Asked for every file that is stored.
_OF_STUDY = select(Job.payload, Job.created, Job.state, Job.id).where(
    Job.kind == KIND, Job.study_id == bindparam("study")
)


@dataclass(frozen=True)
class Deletion:
    """One deletion and how far it is; `deleted` counts what went."""

    job: int
    level: str
    id: str
    state: str
    detail: str | None
    deleted: dict[str, int]


def deleted(session: Session, study: str, since: float, *below: str) -> frozenset[str]:
    """What of the study was asked to be deleted after `since`: nothing older of it comes back.

    Ask before storing. Raises Later while something of the study is being deleted that is
    neither the study nor `below`: what is newer would be deleted as well.
    """
    jobs = _of_study(session, study)
    gone = frozenset(str(job.payload["id"]) for job in jobs if job.created >= since)
    is_concerned = not gone.isdisjoint((study, *below))
    if not is_concerned and any(job.state in _UNDER_WAY for job in jobs):
        raise Later(_WAIT_FOR_IT, "Something of this study is being deleted.")
    return gone


def require_wanted(session: Session, since: float | None, study: str, *below: str) -> None:
    """As `deleted`, for one file; `since` is None where the deletion took even its row.

    Raises BadUpload when it was deleted, Later.
    """
    names = (study, *below)
    if since is None or not deleted(session, study, since, *below).isdisjoint(names):
        raise BadUpload(DELETED, "It was deleted meanwhile.")


def is_deleted(session: Session, since: float, study: str, *below: str) -> bool:
    """Whether the study or one of what is `below` it was asked to be deleted after `since`.

    Ask again where no job of the study stops for a deletion: what is stored by then is undone.
    """
    names = (study, *below)
    jobs = _of_study(session, study)
    return any(job.payload["id"] in names and job.created >= since for job in jobs)


def last(session: Session, study: str) -> tuple[int, bool]:
    """The newest deletion of something in the study, 0 for none, and if any is under way.

    Ask before and after storing: who gets another answer takes back what he stored.
    """
    jobs = _of_study(session, study)
    newest = max((job.id for job in jobs), default=0)
    return newest, any(job.state in _UNDER_WAY for job in jobs)


def _of_study(
    session: Session, study: str
) -> Sequence[Row[tuple[dict[str, Any], float, str, int]]]:
    """All deletions; one that is asked for from now on finds what this transaction writes."""
    alone(session, study)
    return session.connection().execute(_OF_STUDY, {"study": study}).all()


class Deletions:
    """Takes wishes for deletions, and is the handler that carries them out."""

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        staging: Staging,
        client: Client,
        instances: Instances,
    ) -> None:
        self._database, self._jobs, self._staging = database, jobs, staging
        self._client, self._instances = client, instances

    def ask(self, level: str, resource: str, interest: Interest) -> int:
        """The job that deletes it: the one under way, else a new one, else the one that did.

        Raises NotFound for what nobody knows, Unreachable.
        """
        study = self._study_of(level, resource, interest)
        about = study or (resource if level == STUDY else "")
        target = Target(level, resource, about, self._jobs.now())
        named = {"level": level, "id": resource}
        same = (Job.payload[name].as_string() == value for name, value in named.items())
        earlier = select(Job).where(Job.kind == KIND, *same).order_by(Job.id.desc()).limit(1)
        with self._database.write() as session:
            alone(session, about)
            last = session.scalar(earlier)
            if last and last.state in _UNDER_WAY:
                return last.id
            if study is None and not target.has_rows(session):
                if last is None or last.state != "done":
                    raise NotFound("The archive holds no such object.")
                return last.id
            payload = {**named, "study": about}
            return self._jobs.add(session, KIND, payload, lane=PROMPT, study_id=about or None)

    def find(self, job: int) -> Deletion:
        """Raises NotFound."""
        with self._database.read() as session:
            row = session.get(Job, job)
        if row is None or row.kind != KIND:
            raise NotFound(NO_SUCH)
        level, resource = row.payload["level"], row.payload["id"]
        deleted = row.payload.get("deleted", {})
        return Deletion(row.id, level, resource, row.state, row.detail, deleted)

    def wait(self, job: int, seconds: float, sleep: Callable[[float], None]) -> Deletion:
        """How it stands once it has ended, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while (found := self.find(job)).state in _UNDER_WAY and time.monotonic() < deadline:
            sleep(_POLL)
        return found

    def __call__(self, claimed: Claimed) -> None:
        """Carry one out."""
        named = claimed.payload
        target = Target(named["level"], named["id"], named["study"], claimed.created)
        mark = f"deletion {claimed.id}"
        with self._database.write() as session:
            # Whoever looked before the deletion was asked for has said by now what he stores.
            alone(session, target.study)
            self._jobs.cancel(session, target.jobs(), mark)
        with self._database.read() as session:
            if self._jobs.at_work(session, target.jobs()):
                raise Later(_LOOK_AGAIN)
        claimed.check()
        try:
            self._delete(claimed, target)
            is_last = bool(target.study) and not self._exists(STUDY, target.study)
        except UpstreamError as error:
            if not error.retryable:
                raise
            raise Later(_ARCHIVE_AWAY, error.detail) from None
        claimed.check()
        self._forget(claimed, target, mark, is_last)

    def given_up(self, claimed: Claimed) -> None:
        """It failed too often: what was stopped for it goes on."""
        named = claimed.payload
        target = Target(named["level"], named["id"], named["study"], claimed.created)
        with self._database.write() as session:
            self._resume(session, target, f"deletion {claimed.id}")

    def _delete(self, claimed: Claimed, target: Target) -> None:
        """Make the archive delete it, and prove it."""
        held = self._held(target)
        if held:
            # Only now can it be counted: an heir finds nothing there any more.
            self._count(claimed, {"instances": len(held)})
        self._client.delete(target.level, target.id, Interest())
        self._instances.purge(held)
        if self._exists(target.level, target.id):
            raise Refused("The archive still holds what it was to delete.")

    def _forget(self, claimed: Claimed, target: Target, mark: str, is_last: bool) -> None:
        """Remove our files, then our rows: while there are rows, the files are found."""
        with self._database.read() as session:
            uploads, staged = target.unwanted(session, mark), target.staged(session)
        for upload in uploads:
            self._staging.discard(upload)
        for kept in staged:
            self._staging.discard_kept(kept)
        with self._database.write() as session:
            counts = target.drop(session, uploads, is_last)
            if is_last:
                catalogue.forget(session, [target.study])
                shares.end_of(session, target.study)
            else:
                catalogue.doubt(session, target.study)
            self._resume(session, target, mark)
            everything = {**claimed.payload.get("deleted", {}), **counts}
            payload = {**claimed.payload, "deleted": everything}
            self._jobs.change(session, claimed, payload=payload, detail=None)
            claimed.finish(session)

    def _resume(self, session: Session, target: Target, mark: str) -> None:
        """Once each: two jobs for one upload would be in each other's way."""
        for job in target.interrupted(session, mark):
            self._jobs.add_again(session, job)
            job.detail = None

    def _count(self, claimed: Claimed, counts: dict[str, int]) -> None:
        claimed.payload = {**claimed.payload, "deleted": counts}
        with self._database.write() as session:
            self._jobs.change(session, claimed, payload=claimed.payload)

    @understood()
    def _held(self, target: Target) -> list[Description]:
        """What the archive holds of it."""
        path = f"/{target.level}/{target.id}"
        is_one = target.level == INSTANCE
        try:
            answer = self._client.get(path if is_one else f"{path}/instances", Interest())
        except NotFound:
            return []
        found = [answer] if is_one else answer
        return [Description(one["ID"], one["FileSize"], None, one["FileUuid"]) for one in found]

    def _exists(self, level: str, resource: str) -> bool:
        try:
            self._client.get(f"/{level}/{resource}", Interest())
        except NotFound:
            return False
        return True

    @understood()
    def _study_of(self, level: str, resource: str, interest: Interest) -> str | None:
        """The study it belongs to; None when the archive does not hold it."""
        try:
            answer = self._client.get(f"/{level}/{resource}", interest)
            if level == INSTANCE:
                answer = self._client.get(f"/series/{answer['ParentSeries']}", interest)
        except NotFound:
            return None
        return str(answer["ID"] if level == STUDY else answer["ParentStudy"])
