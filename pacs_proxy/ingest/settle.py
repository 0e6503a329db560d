"""Once more, some time later: is it still in the archive? Only then our own copy goes.

Orthanc's index may lose its last entries to a loss of power, up to which we had its word. It is
one job that comes again and again; it also removes what a crash left behind.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import exists, select, update

from pacs_proxy.database import Database, Job, Result, Upload, touch
from pacs_proxy.errors import BadUpload, Busy, DatabaseUnavailable, UpstreamError
from pacs_proxy.ingest.conflicts import EARLIER, REPLACED
from pacs_proxy.ingest.deletion import is_deleted, require_wanted
from pacs_proxy.ingest.deposit import CONFLICT, DUPLICATE, OTHER_BYTES, STORED, Depositor
from pacs_proxy.ingest.pipeline import Ingest
from pacs_proxy.ingest.reopening import reopened
from pacs_proxy.ingest.results import names_of
from pacs_proxy.ingest.rows import LIVE
from pacs_proxy.ingest.shield import examine
from pacs_proxy.ingest.spool import MADE_SUFFIX, Staging
from pacs_proxy.ingest.staged import Staged
from pacs_proxy.ingest.work import KEPT_SUFFIX
from pacs_proxy.jobs import PROMPT, Claimed, Jobs, Later

# What lies in the staging folder, by name.
Lying = Mapping[str, os.stat_result]

KIND = "settle"
_IN_ARCHIVE = (STORED, DUPLICATE)
_PAGE = 200
# Files that a crash may have left: kept ones, what they were to replace, single members.
_ASIDE = frozenset({KEPT_SUFFIX, EARLIER, ".member", ".again", ".new"})
_LONGEST_PAUSE = 60.0

log = logging.getLogger(__name__)


class Settler:
    """The handler; `after` is how many seconds a result waits for its second look."""

    def __init__(
        self,
        ingest: Ingest,
        depositor: Depositor,
        jobs: Jobs,
        after: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ingest, self._depositor, self._jobs = ingest, depositor, jobs
        self._database: Database = jobs.database
        self._staging: Staging = ingest.staging
        self._after, self._clock = after, clock

    def ensure(self) -> None:
        """Queue the job unless it is there; called at every start."""
        there = select(Job.id).where(Job.kind == KIND, Job.state.in_(("queued", "running")))
        try:
            with self._database.write() as session:
                if session.scalar(there.limit(1)) is None:
                    self._jobs.add(session, KIND, {}, lane=PROMPT)
        except DatabaseUnavailable:
            log.warning("nothing settles yet", extra={"error": "DatabaseUnavailable"})

    def __call__(self, claimed: Claimed) -> None:
        """Look at all that is due; raises Later, so that it comes again."""
        try:
            while due := self._due():
                claimed.check()
                self._settle(claimed, due)
        except (UpstreamError, Busy) as error:
            log.info("settling waits", extra={"error": type(error).__name__})
        self._forget(claimed)
        lying = dict(self._staging.files())
        self._forget_kept(lying)
        self._forget_made(lying)
        claimed.attempts = 1  # what failed before counts no more, for this comes for ever
        raise Later(min(_LONGEST_PAUSE, max(1.0, self._after / 4)))

    def _due(self) -> Sequence[Result]:
        old = Result.created < self._clock() - self._after
        waiting = (Result.settled == False, Result.outcome.in_(_IN_ARCHIVE), old)  # noqa: E712
        rows = select(Result).where(*waiting).order_by(Result.upload_id, Result.number)
        with self._database.read() as session:
            return session.scalars(rows.limit(_PAGE)).all()

    def _settle(self, claimed: Claimed, rows: Sequence[Result]) -> None:
        lost = [row for row in rows if not self._holds(row)]
        for row in lost:
            self._store_again(claimed, row)
        proven = [row.id for row in rows if row not in lost]
        with self._database.write() as session:
            settled = update(Result).where(Result.id.in_(proven))
            session.execute(settled.values(settled=True, staged=None))

    def _holds(self, row: Result) -> bool:
        return self._depositor.holds(row.instance or "", row.size or 0, row.md5 or "")

    def _store_again(self, claimed: Claimed, row: Result) -> None:
        """It goes on waiting for its second look, unless nobody wants it any more."""
        log.warning("missing in the archive", extra={"code": "stored_again"})
        with self._database.read() as session:
            upload = session.get(Upload, row.upload_id)
        if upload is None:
            return None
        try:
            with reopened(self._ingest, upload, row) as staged:
                identity = examine(staged.source(), self._ingest.rules.shield).identity
                deposited = self._depositor.deposit(
                    staged,
                    identity,
                    lambda: self._require(claimed, row, upload.created),
                    repeated=True,
                )
                if deposited.outcome == CONFLICT:
                    return self._give_way(row, staged)
        except BadUpload as refusal:
            log.warning("cannot be stored again", extra={"code": refusal.code})
            self._change(row, settled=True, code="vanished", detail=_VANISHED)
        else:
            self._keep_if_wanted(row, upload.created)
        return None

    def _give_way(self, row: Result, staged: Staged) -> None:
        """The archive has another file by now: one that was chosen, or a conflict."""
        chosen = select(Result.id).where(Result.instance == row.instance, Result.code == REPLACED)
        with self._database.read() as session:
            is_chosen = session.scalar(chosen.limit(1)) is not None
        if is_chosen:
            return self._change(row, settled=True, code="replaced_since")
        name = f"{row.upload_id}-{row.number}{KEPT_SUFFIX}"
        staged.keep(self._staging.folder / name)
        found = {"outcome": CONFLICT, "code": "other_bytes", "detail": OTHER_BYTES}
        return self._change(row, **found, settled=True, staged=name)

    def _keep_if_wanted(self, row: Result, since: float) -> None:
        """A deletion that came between our look and our sending has the last word."""
        with self._database.write() as session:
            again = update(Result).where(Result.id == row.id).values(created=self._clock())
            wanted = session.scalar(again.returning(Result.id))
            gone = is_deleted(session, since, *names_of(row))
        if wanted is None or gone:
            self._depositor.undo(row.instance or "")

    def _require(self, claimed: Claimed, row: Result, since: float) -> None:
        """What was deleted on purpose must not come back: its rows went with it. Raises Gone."""
        with self._database.write() as session:
            names, is_there = names_of(row), session.get(Result, row.id) is not None
            require_wanted(session, since if is_there else None, *names)
            claimed.concerns(session, names[0])

    def _change(self, row: Result, **values: object) -> None:
        with self._database.write() as session:
            changed = update(Result).where(Result.id == row.id)
            session.execute(changed.values({**values, "rev": touch(session, row.batch_id)}))

    def _forget(self, claimed: Claimed) -> None:
        """Remove the files of uploads that came to their end and have nothing unsettled."""
        old = list(self._staging.older_than(self._clock() - self._after))
        for at in range(0, len(old), _PAGE):
            claimed.check()
            for upload in self._ended(old[at : at + _PAGE]):
                self._ingest.discard(upload)

    def _forget_kept(self, lying: Lying) -> None:
        """Remove what was put aside and no row speaks of any more."""
        old = self._old(lying)
        with self._database.read() as session:
            wanted = set(session.scalars(select(Result.staged).where(Result.staged.is_not(None))))
        for path in old:
            if path.suffix in _ASIDE and path.with_suffix(KEPT_SUFFIX).name not in wanted:
                self._staging.discard_kept(path.name)

    def _forget_made(self, lying: Lying) -> None:
        """Remove what was made of uploads whose own files went before."""
        for path in self._old(lying):
            if path.suffix == MADE_SUFFIX and self._staging.path(path.stem).name not in lying:
                self._staging.discard(path.stem)

    def _old(self, lying: Lying) -> list[Path]:
        """Bytes may be old when they are put aside, and their row comes a moment later."""
        long_ago = self._clock() - self._after
        return [Path(name) for name, status in lying.items() if status.st_ctime < long_ago]

    def _ended(self, uploads: Iterable[str]) -> Sequence[str]:
        waiting = exists().where(
            Result.upload_id == Upload.id,
            Result.settled == False,  # noqa: E712
            Result.outcome.in_(_IN_ARCHIVE),
        )
        ended = select(Upload.id).where(Upload.id.in_(uploads), Upload.state.not_in(LIVE), ~waiting)
        with self._database.read() as session:
            return session.scalars(ended).all()


_VANISHED = (
    "The archive has lost this file and the copy here cannot be used. Send it again, and tell "
    "the archive's administrator."
)
