"""Another file under the same image UID: both are kept until an administrator has decided.

Replacing is a job that may be killed anywhere: what it takes out of the archive lies beside ours
until the new one has been proven there, and comes back if the archive refuses the new one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pacs_proxy.database import Database, Result, Upload, touch
from pacs_proxy.errors import BadUpload, NotFound, UpstreamError
from pacs_proxy.errors.uploads import UploadFinished
from pacs_proxy.ingest.deletion import DELETED, require_wanted
from pacs_proxy.ingest.deposit import CONFLICT, STORED, Deposited, Depositor
from pacs_proxy.ingest.pipeline import Ingest
from pacs_proxy.ingest.reopening import opened
from pacs_proxy.ingest.results import SKIPPED, names_of
from pacs_proxy.ingest.shield import Examined, examine
from pacs_proxy.ingest.sides import Line, beside
from pacs_proxy.ingest.staged import Staged, remember
from pacs_proxy.jobs import PROMPT, Claimed, Jobs, Later
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest

KIND = "replace"
KEEP, REPLACE = "keep_archive", "replace"
REPLACING, REPLACED = "replacing", "replaced"
_AGAIN_SECONDS = 10.0
# Beside the file that is to replace it, until that one has settled.
EARLIER = ".earlier"
_REFUSED = "The archive does not take this file in place of its own, which it has again. "


@dataclass(frozen=True)
class Open:
    """An undecided conflict."""

    result: Result
    upload: Upload


@dataclass(frozen=True)
class Sides:
    """Both files; `archive` is None when it is gone there."""

    conflict: Open
    archive: Description | None
    lines: list[Line]


class Conflicts:
    """Lists them, shows both sides, takes decisions; and is the handler that replaces."""

    def __init__(
        self,
        ingest: Ingest,
        depositor: Depositor,
        client: Client,
        jobs: Jobs,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ingest, self._depositor, self._client = ingest, depositor, client
        self._jobs, self._clock = jobs, clock
        self._database: Database = jobs.database

    def open(self, most: int = 500) -> Sequence[Open]:
        """The newest ones first."""
        waiting = select(Result, Upload).join(Upload, Upload.id == Result.upload_id)
        mine = waiting.where(Result.outcome == CONFLICT).order_by(Result.id.desc()).limit(most)
        with self._database.read() as session:
            return [Open(result, upload) for result, upload in session.execute(mine)]

    def find(self, number: int) -> Open:
        """One that waits for a decision. Raises NotFound."""
        with self._database.read() as session:
            return _require(session, number)

    def show(self, number: int, interest: Interest) -> Sides:
        """Both sides of one. Raises NotFound, UpstreamError."""
        conflict = self.find(number)
        instance = conflict.result.instance or ""
        try:
            found = self._client.describe(instance, interest)
            tags = self._client.get(f"/instances/{instance}/tags", interest)
        except NotFound:
            found, tags = None, {}
        with opened(self._path(conflict.result)) as staged:
            return Sides(conflict, found, beside(staged, tags if isinstance(tags, dict) else {}))

    def decide(self, number: int, choice: str) -> str:
        """What is done now: `kept` or `replacing`. Raises NotFound, UploadFinished."""
        with self._database.write() as session:
            conflict = _require(session, number)
            kept_here = conflict.result.staged or ""
            if conflict.result.code == REPLACING:
                if choice == REPLACE:
                    return REPLACING
                raise UploadFinished("The archive's file is being replaced already.")
            if choice == REPLACE:
                self._queue(session, conflict)
                return REPLACING
            kept = {"outcome": SKIPPED, "code": "archive_kept", "detail": _KEPT, "staged": None}
            self._change(session, conflict.result, **kept, settled=True)
        self._ingest.staging.discard_kept(kept_here)
        return "kept"

    def __call__(self, claimed: Claimed) -> None:
        """Replace the archive's file by the one kept here."""
        with self._database.read() as session:
            row = session.get(Result, claimed.payload["result"])
        if row is None or row.outcome != CONFLICT:
            return
        try:
            with opened(self._path(row)) as staged:
                self._replace(claimed, row, staged)
        except BadUpload as refusal:
            if refusal.code != DELETED:
                self._put_back(claimed, row, refusal)
        except UpstreamError as error:
            raise Later(_AGAIN_SECONDS, error.code) from None

    def _queue(self, session: Session, conflict: Open) -> None:
        row = conflict.result
        self._change(session, row, code=REPLACING)
        about = {"result": row.id}
        self._jobs.add(
            session, KIND, about, lane=PROMPT, upload_id=row.upload_id, study_id=row.study
        )

    def _replace(self, claimed: Claimed, row: Result, staged: Staged) -> None:
        examined = examine(staged.source(), self._ingest.rules.shield)
        claimed.check()
        if not self._depositor.holds(row.instance or "", staged.size, staged.md5):
            self._take_out(claimed, row)
        deposited = self._stored(claimed, row, examined, staged)
        if deposited.outcome != STORED:
            raise BadUpload(deposited.code or "", deposited.detail or "")
        with self._database.write() as session:
            claimed.finish(session)
            values = {"outcome": STORED, "code": REPLACED, "detail": _REPLACED}
            proven = {"md5": deposited.md5, "size": deposited.size, "created": self._clock()}
            self._change(session, row, **values, **proven, settled=False)

    def _stored(
        self, claimed: Claimed, row: Result, examined: Examined, staged: Staged
    ) -> Deposited:
        sending = partial(self._require_wanted, claimed, row)
        return self._depositor.deposit(staged, examined.identity, sending, repeated=True)

    def _require_wanted(self, claimed: Claimed, row: Result) -> None:
        """Decided while it was being deleted: the deletion stopped nothing that came after it."""
        claimed.check()
        with self._database.read() as session:
            upload = session.get(Upload, row.upload_id)
            require_wanted(session, upload.created if upload else None, *names_of(row))

    def _take_out(self, claimed: Claimed, row: Result) -> None:
        """Fetch what the archive has, and only then delete it there."""
        instance, interest = row.instance or "", Interest()
        try:
            found = self._client.describe(instance, interest)
        except NotFound:
            return  # an earlier run took it out
        earlier = self._earlier(row)
        self._fetch(found, earlier, interest)
        claimed.check()
        self._depositor.undo(instance)

    def _fetch(self, found: Description, to: Path, interest: Interest) -> None:
        """Every byte, proven, and durable before it is relied upon."""
        with to.open("wb", buffering=0) as copy:
            for piece in self._client.body(found, self._client.attempts(interest)):
                copy.write(piece)
            os.fdatasync(copy.fileno())
        remember(to.parent)

    def _put_back(self, claimed: Claimed, row: Result, refusal: BadUpload) -> None:
        """The new one is refused: what was there before is there again, and both stay."""
        earlier = self._earlier(row)
        if earlier.exists():
            with opened(earlier) as staged:
                examined = examine(staged.source(), self._ingest.rules.shield)
                self._stored(claimed, row, examined, staged)
        with self._database.write() as session:
            claimed.finish(session)
            detail = _REFUSED + refusal.detail
            self._change(session, row, code="replace_refused", detail=detail)

    def _change(self, session: Session, row: Result, **values: Any) -> None:
        changed = update(Result).where(Result.id == row.id)
        session.execute(changed.values(**values, rev=touch(session, row.batch_id)))

    def _path(self, row: Result) -> Path:
        return self._ingest.staging.folder / (row.staged or "none")

    def _earlier(self, row: Result) -> Path:
        return self._path(row).with_suffix(EARLIER)


def _require(session: Session, number: int) -> Open:
    row = session.get(Result, number)
    upload = session.get(Upload, row.upload_id) if row else None
    if row is None or upload is None or row.outcome != CONFLICT:
        raise NotFound(NO_SUCH)
    return Open(row, upload)


NO_SUCH = "There is no such conflict, or it is decided."
_KEPT = "It was decided that the archive's file is the right one; this one was not stored."
_REPLACED = "It was decided that this file is the right one; it replaced the archive's."
