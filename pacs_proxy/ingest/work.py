"""One upload while the pipeline works on it, and what is written down about it meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import BindParameter, bindparam, select, update
from sqlalchemy.orm import Session

from pacs_proxy.database import Chunk, Database, Job, Upload, touch
from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest import results
from pacs_proxy.ingest.deletion import DELETED, deleted
from pacs_proxy.ingest.deposit import CONFLICT, Deposited
from pacs_proxy.ingest.identity import Identity
from pacs_proxy.ingest.pulse import Course
from pacs_proxy.ingest.results import Row
from pacs_proxy.ingest.rows import STORING
from pacs_proxy.ingest.staged import Acknowledged, Staged, damaged
from pacs_proxy.jobs import Claimed

KEPT = "kept"
# What waits for the archive is tried again after a quarter of the time it has waited.
_SHORTEST_WAIT, _LONGEST_WAIT = 2.0, 30.0
_TELL_SECONDS = 1.0
KEPT_SUFFIX = ".kept"
_OF: BindParameter[str] = bindparam("of", expanding=True)
_UPLOADS = select(Upload).where(Upload.id.in_(_OF))
_CHUNKS = select(Chunk.upload_id, Chunk.at, Chunk.length, Chunk.sha256)
_CHUNKS = _CHUNKS.where(Chunk.upload_id.in_(_OF)).order_by(Chunk.upload_id, Chunk.at)


@dataclass
class Work:
    """A claim on a job and the upload it is about."""

    claimed: Claimed
    upload: Upload
    acknowledged: Sequence[Acknowledged]
    database: Database
    path: Path
    clock: Callable[[], float] = time.time
    kind: str = ""
    study: str = ""
    series: str = ""
    gone: frozenset[str] = frozenset()
    state: str = ""
    told: float = 0.0
    rows: list[Row] = field(default_factory=list)
    was_sending: bool = False
    course: Course = field(default_factory=Course)

    @classmethod
    def begin_several(
        cls, claims: Sequence[Claimed], database: Database, path: Callable[[str], Path]
    ) -> list[Work]:
        """Those whose uploads are there."""
        asked = {"of": [claimed.payload["upload"] for claimed in claims]}
        with database.read() as session:
            uploads = {upload.id: upload for upload in session.scalars(_UPLOADS, asked)}
            unnamed = [upload.id for upload in uploads.values() if not upload.sha256]
            pieces = _pieces(session, unnamed) if unnamed else {}
        return [
            cls._of(claimed, uploads[of], pieces.get(of, []), database, path(of))
            for claimed, of in zip(claims, asked["of"], strict=True)
            if of in uploads
        ]

    @classmethod
    def _of(
        cls,
        claimed: Claimed,
        upload: Upload,
        pieces: list[Acknowledged],
        database: Database,
        path: Path,
    ) -> Work:
        whole = [Acknowledged(0, upload.length, upload.sha256)]
        # What the sender says the whole file is outweighs what each piece was when it came.
        known = whole if upload.sha256 else pieces or whole
        begun = cls(claimed, upload, known, database, path)
        begun.was_sending = claimed.study_id is not None
        return begun

    @property
    def is_repeated(self) -> bool:
        """Whether an earlier attempt may have stored it."""
        # The study is written down before anything of it is sent.
        return self.claimed.attempts > 1 or self.was_sending

    @property
    def pause(self) -> float:
        """Seconds until the archive is asked for this one again."""
        waited = self.clock() - self.upload.progressed
        return min(_LONGEST_WAIT, max(_SHORTEST_WAIT, waited / 4))

    @contextmanager
    def opened(self) -> Iterator[Staged]:
        """The file as it was sent. Raises BadUpload when it is not whole any more."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise damaged() from None
        try:
            # Bytes behind the length are of a write that was never acknowledged.
            if os.fstat(descriptor).st_size < self.upload.length:
                raise damaged()
            yield Staged(descriptor, self.upload.length, self.acknowledged, path=self.path)
        finally:
            os.close(descriptor)

    def keep(self, staged: Staged, number: int) -> str:
        """Put aside a file that must outlive its upload; what it is called beside it."""
        name = f"{self.upload.id}-{number}{KEPT_SUFFIX}"
        staged.keep(self.path.with_name(name))
        return name

    def note(self, number: int, member: str, deposited: Deposited, staged: Staged) -> None:
        """A file has been dealt with by the archive."""
        kept = self.keep(staged, number) if deposited.outcome == CONFLICT else None
        self.rows.append(results.row_of(number, member, deposited, kept))

    def enter(self, state: str, study: str = "", *below: str) -> None:
        """Show a stage; `study` and what is `below` it before anything of it is sent.

        Raises Lost, BadUpload when it was deleted, Later while something of the study is being.
        """
        series = next(iter(below), "")
        if (state, study, series) != (self.state, self.study, self.series):
            with self.database.write() as session:
                if study:
                    self.gone = deleted(session, study, self.upload.created, *below)
                    self._require(study, *below)
                self._hold(session, study)
                # The job is of the new study alone: whoever deletes the one before goes by rows.
                rev = results.add(session, self.upload, self.rows, self.clock())
                results.change(session, self.upload.id, state=state, kind=self.kind, rev=rev)
            self.rows = []
            self.state, self.study, self.series = state, study, series
        # Whoever deletes later stops this job first: what was read then still holds.
        self._require(study, *below)

    def _require(self, *wanted: str) -> None:
        if not self.gone.isdisjoint(wanted):
            raise BadUpload(DELETED, "Its study, series or image was deleted after it was sent.")

    def sending(self, identity: Identity) -> Callable[[], None]:
        """What must be known before anything of this file is sent."""
        about = (identity.study, identity.series, identity.instance)
        return partial(self.enter, STORING, *about)

    def progress(self, done: int, total: int) -> None:
        """How far a conversion is. Raises Lost, Later."""
        self.claimed.check()
        if self.clock() - self.told >= _TELL_SECONDS:
            self.told = self.clock()
            self.flush(done, total)

    def show(self, done: int, total: int) -> None:
        """How far a large file is on its way. Raises Lost."""
        self.course.move(done, total)
        if self.clock() - self.told >= _TELL_SECONDS or done == total:
            self.told = self.clock()
            self.flush(done, total)

    def beat(self) -> None:
        """Show that the archive is still at it. Raises Lost."""
        words = self.course.words
        if words:
            with self.database.write() as session:
                self.claimed.jobs.change(session, self.claimed)
                rev = touch(session, self.upload.batch_id)
                results.change(session, self.upload.id, rev=rev, detail=words)

    def flush(self, done: int, total: int) -> None:
        """Write down the rows so far. Raises Lost."""
        with self.database.write() as session:
            self._hold(session, self.study)
            rev = results.add(session, self.upload, self.rows, self.clock())
            results.change(
                session, self.upload.id, rev=rev, done_bytes=done, total_bytes=total, kind=self.kind
            )
        self.rows = []

    def end(
        self,
        state: str,
        code: str | None = None,
        detail: str | None = None,
        *,
        has_failed: bool = False,
    ) -> None:
        """Write down the last rows and the end, in one transaction. Raises Lost.

        Of a job that `has_failed` the end is written by whoever says so.
        """
        with self.database.write() as session:
            if has_failed:
                self._hold(session, self.study)
            else:
                self.claimed.finish(session)
            rev = results.add(session, self.upload, self.rows, self.clock())
            ended = {"state": state, "code": code, "detail": detail, "kind": self.kind or None}
            results.change(session, self.upload.id, rev=rev, **ended)
            if self.upload.state == KEPT:
                self.wake_others(session)

    def wait(self, code: str, detail: str) -> None:
        """Show that it is kept until the archive is back. Raises Lost."""
        if (self.state or self.upload.state, self.upload.code) == (KEPT, code):
            return
        with self.database.write() as session:
            self._hold(session, self.study)
            rev = results.add(session, self.upload, self.rows, self.clock())
            kept = {"state": KEPT, "code": code, "detail": detail, "kind": self.kind or None}
            results.change(session, self.upload.id, rev=rev, **kept)
        self.rows = []

    def _hold(self, session: Session, study: str) -> None:
        """Only while the job is ours is anything written."""
        if study:
            self.claimed.concerns(session, study)
        else:
            self.claimed.jobs.change(session, self.claimed)

    def wake_others(self, session: Session) -> None:
        """The archive is back: what else waits for it need not wait longer."""
        waiting = (
            Job.kind == self.claimed.kind,
            Job.state == "queued",
            Job.not_before > self.clock(),
        )
        session.execute(update(Job).where(*waiting).values(not_before=self.clock()))


def _pieces(session: Session, uploads: Sequence[str]) -> dict[str, list[Acknowledged]]:
    """What was acknowledged of each, in order."""
    found: dict[str, list[Acknowledged]] = {}
    for of, at, length, sha256 in session.connection().execute(_CHUNKS, {"of": uploads}):
        found.setdefault(of, []).append(Acknowledged(at, length, sha256))
    return found
