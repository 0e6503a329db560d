"""Files taken from where they lie: copied to the staging folder one by one, then as any upload.

A file's row has an identifier made of its batch and its name, so a job that was killed and runs
again finds what it has done and writes over what it had begun.
"""

from __future__ import annotations

import os
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pacs_proxy.database import Batch, Database, Upload
from pacs_proxy.errors import BadRequest, BadUpload, NotFound, PacsProxyError, UpstreamError
from pacs_proxy.errors.uploads import DiskLow, LimitExceeded, TooLarge, UploadBusy, UploadGone
from pacs_proxy.ingest import rows
from pacs_proxy.ingest.admission import Admission
from pacs_proxy.ingest.buckets import Bucket, Place
from pacs_proxy.ingest.folders import Folder, folder
from pacs_proxy.ingest.intake import pass_on
from pacs_proxy.ingest.sources import Found, Source, SourceFailed
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.ingest.tus import Received
from pacs_proxy.jobs import REFERENCE, Claimed, Jobs, Later

KIND = "reference"
# Copies that wait to be stored, at most: the disk need not hold everything at once.
_AHEAD = 64
_PAUSE, _AWAY = 0.2, 3.0


@dataclass(frozen=True)
class Allowed:
    """Where files may be taken from; see the settings of the same names."""

    folders: dict[str, str]
    s3: Place

    def source(self, where: dict[str, Any]) -> Folder | Bucket:
        """What `{"folder": …}` or `{"s3": {"bucket": …, "prefix": …}}` means.

        Raises BadRequest, NotFound.
        """
        path, s3 = where.get("folder"), where.get("s3")
        if isinstance(path, str) and s3 is None:
            return folder(self.folders, path)
        if path is None and isinstance(s3, dict) and all(isinstance(v, str) for v in s3.values()):
            return Bucket(self.s3, s3.get("bucket", ""), s3.get("prefix", ""))
        raise BadRequest(
            'Say what to take in: {"folder": …} or {"s3": {"bucket": …, "prefix": …}}.'
        )


class Closed(Exception):
    """The batch was cancelled."""


class References:
    """Takes wishes, and is the handler that carries them out."""

    def __init__(
        self,
        database: Database,
        staging: Staging,
        jobs: Jobs,
        admission: Admission,
        allowed: Allowed,
    ) -> None:
        self._database, self._staging, self._jobs = database, staging, jobs
        self._admission, self._allowed = admission, allowed

    def ask(self, owner: str, key: str, where: dict[str, Any]) -> Batch:
        """The batch that will hold the files; the same for the same key. Raises as `source`."""
        source = self._allowed.source(where)
        if isinstance(source, Folder):
            source.require()
        batch, now = uuid.uuid4().hex, time.time()
        values = {"id": batch, "owner": owner, "client_key": key, "source": KIND, "created": now}
        try:
            with self._database.write() as session:
                rows.add_batch(session, values)
                self._jobs.add(session, KIND, {"batch": batch, **where}, lane=REFERENCE)
        except IntegrityError:
            pass  # asked before with this key
        with self._database.read() as session:
            mine = select(Batch).where(Batch.owner == owner, Batch.client_key == key)
            return session.scalars(mine).one()

    def __call__(self, claimed: Claimed) -> None:
        """Take in every file, then say how many there were."""
        batch = claimed.payload["batch"]
        try:
            source = self._allowed.source(claimed.payload)
            visit = Visit(self._database, self._staging, self._jobs, self._admission, claimed)
            count = visit.run(source)
        except Closed:
            return
        except (UpstreamError, UploadBusy, DiskLow) as error:
            raise Later(_AWAY, error.detail) from None
        except (SourceFailed, BadRequest, NotFound, LimitExceeded) as error:
            self._fail(claimed, error.code, error.detail)
            return
        with self._database.write() as session:
            told = {"expected_files": count, "rev": Batch.rev + 1}
            session.execute(update(Batch).where(Batch.id == batch).values(told))
            claimed.finish(session)

    def give_up(self, claimed: Claimed) -> None:
        """Tell those who wait for the batch; the job itself is ended by the runner."""
        words = "The server could not read the source to its end; ask for it again."
        with self._database.write() as session:
            self._tell(session, claimed, "source_failed", words)

    def _fail(self, claimed: Claimed, code: str, detail: str) -> None:
        with self._database.write() as session:
            self._tell(session, claimed, code, detail)
            claimed.finish(session)

    def _tell(self, session: Session, claimed: Claimed, code: str, detail: str) -> None:
        """As a file without a name that was refused."""
        batch = claimed.payload["batch"]
        name = uuid.uuid5(uuid.UUID(batch), f"job {claimed.id}").hex
        if session.get(Upload, name) is None:
            with suppress(Closed):  # nobody waits for it any more
                row, _ = _row(session, batch, name, "", 0)
                rows.add(session, {**row, "state": "refused", "code": code, "detail": detail})


class Visit:
    """One run over a source. Raises Closed when its batch was cancelled."""

    def __init__(
        self,
        database: Database,
        staging: Staging,
        jobs: Jobs,
        admission: Admission,
        claimed: Claimed,
    ) -> None:
        self._database, self._staging, self._jobs = database, staging, jobs
        self._admission, self._claimed = admission, claimed
        self._batch = claimed.payload["batch"]
        self._room = 0
        with database.read() as session:
            mine = select(Upload.id).where(Upload.batch_id == self._batch)
            self._known = set(session.scalars(mine))

    def run(self, source: Source) -> int:
        """How many files there are."""
        count = 0
        for found in source.files():
            self._claimed.check()
            count += 1
            # Names from a disk need not be text.
            name = os.fsencode(found.name)
            upload = uuid.uuid5(uuid.UUID(self._batch), name.hex()).hex
            if upload not in self._known:
                self._take(upload, name.decode("utf-8", "replace").replace("\0", "\ufffd"), found)
            self._claimed.report(count)
        return count

    def _take(self, upload: str, name: str, found: Found) -> None:
        try:
            self._admission.admit_size(found.size)
            self._wait_for_room()
            self._admission.admit_more()
            with self._staging.hold(upload) as part:
                received = part.write(0, found.pieces())
                if received.failure:
                    raise received.failure
                part.sync()
                self._add(upload, name, received)
        except Closed:
            self._staging.discard(upload)
            raise
        except (BadUpload, TooLarge) as error:
            self._staging.discard(upload)
            self._refuse(upload, name, found.size, error)

    def _wait_for_room(self) -> None:
        """Run ahead of the storing by so many files, no more: the disk is not for everything."""
        while self._room <= 0:
            self._claimed.check()
            with self._database.read() as session:
                live = select(func.count()).where(Upload.batch_id == self._batch)
                waiting = session.scalar(live.where(Upload.state.in_(rows.LIVE))) or 0
            self._room = _AHEAD - waiting
            if self._room <= 0:
                self._claimed.ending.wait(_PAUSE)
        self._room -= 1

    def _add(self, upload: str, name: str, received: Received) -> None:
        values = {"sha256": received.sha256.hex(), "offset": received.count, "state": "received"}
        with self._database.write() as session:
            self._jobs.change(session, self._claimed)
            row, total = _row(session, self._batch, upload, name, received.count)
            self._admission.admit_batch(total)
            rows.add(session, {**row, **values})
            pass_on(self._jobs, session, upload, received.count)

    def _refuse(self, upload: str, name: str, size: int, error: PacsProxyError) -> None:
        with self._database.write() as session:
            self._jobs.change(session, self._claimed)
            row, _ = _row(session, self._batch, upload, name, size)
            why = {"state": "refused", "code": error.code, "detail": error.detail}
            rows.add(session, {**row, **why})


def _row(
    session: Session, batch: str, upload: str, name: str, length: int
) -> tuple[dict[str, Any], int]:
    """A new upload of the batch, counted there, and the batch's bytes. Raises Closed."""
    owner, now = session.get_one(Batch, batch).owner, time.time()
    try:
        rev, total = rows.count_in(session, batch, length)
    except UploadGone:
        raise Closed from None
    times = {"created": now, "progressed": now, "expires": None}
    about = {"owner": owner, "batch_id": batch, "name": name, "length": length, "rev": rev}
    fixed = {"id": upload, "client_key": upload, "target": None, "offset": 0}
    return {**fixed, **about, **times}, total
