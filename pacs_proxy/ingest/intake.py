"""Uploads from their creation to their last byte: rules, files and database brought together.

The order that makes an acknowledged byte safe: lock, look at the committed offset, write, verify,
sync, commit, answer. A crash between two of them loses only what nobody was promised.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pacs_proxy.database import Database, Upload, touch
from pacs_proxy.errors import PacsProxyError
from pacs_proxy.errors.uploads import ChecksumMismatch, LimitExceeded, UploadGone
from pacs_proxy.ingest import rows, tus
from pacs_proxy.ingest.admission import Admission
from pacs_proxy.ingest.body import Read, identity
from pacs_proxy.ingest.rows import RECEIVING
from pacs_proxy.ingest.spool import Lost, Part, Staging
from pacs_proxy.ingest.wanted import Wanted
from pacs_proxy.jobs import BIG, LIGHT, SHORT, SMALL, Jobs
from pacs_proxy.together import Together

KIND = "ingest"
# Orthanc holds three times a file's size while it stores it: large ones go one at a time.
_BIG_BYTES = 32 << 20
# Stored in a moment, so several are taken at once.
LIGHT_BYTES = 8 << 20
# Of which more go together: their results need not wait for many bytes.
_SHORT_BYTES = 1 << 20


@dataclass(frozen=True)
class Placed:
    """An upload as its client may know it; `expires` is seconds since 1970."""

    id: str
    state: tus.State
    expires: float
    metadata: str = ""
    is_new: bool = False


class Intake:
    """Every way an upload changes before the pipeline has it. `owner` is the principal's name."""

    def __init__(
        self,
        database: Database,
        staging: Staging,
        jobs: Jobs,
        admission: Admission,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._staging, self._jobs = database, staging, jobs
        self._admission, self._clock = admission, clock
        self._together = Together(database)

    @property
    def admission(self) -> Admission:
        """The limits in force."""
        return self._admission

    def create(self, owner: str, asked: tus.Creation, header: str, read: Read) -> Placed:
        """A new upload, or the one that this client key named before (`is_new` false).

        A body is read only for a new one. One transaction for all of it: a small file costs one
        sync of its bytes and one commit.
        """
        wanted = Wanted.of(asked.metadata)
        known = self._admitted(owner, wanted, asked.length)
        if known:
            return known
        row = self._row(owner, asked, wanted, header)
        try:
            return self._begun(row, asked, read)
        except (LimitExceeded, UploadGone):
            self._staging.discard(row["id"])
            raise
        except IntegrityError:
            # The same creation came twice at the same time; the other one was quicker.
            self._staging.discard(row["id"])
            known = self._admitted(owner, wanted, asked.length)
            if known is None:
                raise
            return known

    def find(self, owner: str, upload: str) -> Placed:
        """Where it is, as HEAD tells it; raises NotFound, UploadGone, UploadBusy."""
        self._staging.require_quiet(upload)
        row = self._row_of(owner, upload)
        placed = self._placed(row)
        tus.require_open(placed.state)
        if row.state == RECEIVING and self._staging.size(upload) < row.offset:
            raise self._lost(row)
        return placed

    def receive(self, owner: str, upload: str, chunk: tus.Chunk, read: Read) -> Placed:
        """Take one chunk; raises what `tus` says, after what is durable was committed."""
        row = self._row_of(owner, upload)
        tus.admit(self._placed(row).state, chunk)
        try:
            with self._staging.hold(upload, row.offset) as part:
                return self._appended(owner, upload, part, chunk, read)
        except Lost:
            raise self._lost(row) from None

    def cancel(self, owner: str, upload: str) -> None:
        """End it and forget its bytes; raises UploadFinished when it is too late for that."""
        row = self._row_of(owner, upload)
        tus.require_open(self._placed(row).state)
        try:
            with self._staging.hold(upload, row.offset):
                self._end(row, "cancelled")
        except Lost:
            self._end(row, "cancelled")

    def _begun(self, row: dict[str, Any], asked: tus.Creation, read: Read) -> Placed:
        state, upload = tus.State(asked.length), row["id"]
        if asked.chunk is None and not state.is_whole:
            return self._added(row, state, None)
        chunk = asked.chunk or tus.Chunk(0, 0)
        pieces = identity(read, chunk, tus.admit(state, chunk), self._most)
        with self._staging.hold(upload) as part:
            received = part.write(0, pieces, chunk.sha1 is not None)
            after, failure = tus.take(state, chunk, received)
            failure = failure or _other_file(row["sha256"], after, received)
            if failure and (after.is_whole or not after.offset):
                self._staging.discard(upload)
                raise failure
            part.sync()
            placed = self._added(row, after, received)
        if failure:
            raise failure
        return placed

    def _appended(
        self, owner: str, upload: str, part: Part, chunk: tus.Chunk, read: Read
    ) -> Placed:
        # Again, now that nobody else can move it.
        row = self._row_of(owner, upload)
        state = self._placed(row).state
        room = tus.admit(state, chunk)
        part.require(state.offset)
        self._admission.admit_more()
        pieces = identity(read, chunk, room, self._most)
        received = part.write(state.offset, pieces, chunk.sha1 is not None)
        after, failure = tus.take(state, chunk, received)
        if after.offset > state.offset:
            part.sync()
            self._moved(row, after, received)
        if failure:
            raise failure
        return self._placed(self._row_of(owner, upload))

    def _admitted(self, owner: str, wanted: Wanted, length: int) -> Placed | None:
        """The upload that is there already, or None when a new one may begin."""
        with self._database.read() as session:
            seen = rows.glance(session, owner, wanted.key, wanted.batch)
            if isinstance(seen, str):
                return self._placed(rows.find(session, owner, seen))
        self._admission.admit(seen, length)
        return None

    @property
    def _most(self) -> int:
        return self._admission.limits.request_bytes

    def _row(self, owner: str, asked: tus.Creation, wanted: Wanted, header: str) -> dict[str, Any]:
        now = self._clock()
        return {
            "id": uuid.uuid4().hex,
            "owner": owner,
            "batch_id": wanted.batch,
            "client_key": wanted.key,
            "name": wanted.name,
            "length": asked.length,
            "target": wanted.target,
            "sha256": wanted.sha256,
            "sent_metadata": header,
            "created": now,
            "progressed": now,
            "expires": self._expiry(now, now),
        }

    def _expiry(self, created: float, progressed: float) -> float:
        limits = self._admission.limits
        return min(progressed + limits.expires_seconds, created + limits.longest_seconds)

    def _added(
        self, row: dict[str, Any], state: tus.State, received: tus.Received | None
    ) -> Placed:
        """Commit a new upload with what came along."""
        values = {**row, **rows.reached(state)}
        if received and state.is_whole:
            # A file that came in one piece needs no list of pieces.
            values["sha256"] = received.sha256.hex()

        def add(session: Session) -> None:
            rows.reserve(session, self._admission, row["owner"], row["length"])
            rows.add(session, {**values, **self._in_batch(session, row)})
            if received and not state.is_whole:
                rows.add_chunk(session, row["id"], 0, received)
            if state.is_whole:
                pass_on(self._jobs, session, row["id"], state.length)

        self._together.run(add)
        return Placed(row["id"], state, row["expires"], row["sent_metadata"], is_new=True)

    def _in_batch(self, session: Session, row: dict[str, Any]) -> dict[str, Any]:
        """Count it in its batch, or in a new one of its own."""
        length = row["length"]
        if row["batch_id"] is None:
            batch = uuid.uuid4().hex
            values = {"id": batch, "owner": row["owner"], "created": row["created"]}
            rows.add_batch(session, {**values, "rev": 1, "files": 1, "bytes": length})
            return {"batch_id": batch, "rev": 1}
        rev, total = rows.count_in(session, row["batch_id"], length)
        self._admission.admit_batch(total)
        return {"rev": rev}

    def _moved(self, row: Upload, state: tus.State, received: tus.Received) -> None:
        """Commit a chunk: this is what acknowledges it."""
        now = self._clock()
        progress = {"progressed": now, "expires": self._expiry(row.created, now)}

        def move(session: Session) -> None:
            values = {**progress, **rows.reached(state), "rev": touch(session, row.batch_id)}
            moved = (
                update(Upload)
                .where(Upload.id == row.id, Upload.offset == row.offset)
                .where(Upload.state == RECEIVING)
                .values(values)
            )
            if not session.execute(moved).rowcount:  # type: ignore[attr-defined]
                raise UploadGone("This upload was cancelled meanwhile.")
            rows.add_chunk(session, row.id, row.offset, received)
            if state.is_whole:
                pass_on(self._jobs, session, row.id, state.length)

        self._together.run(move)

    def _row_of(self, owner: str, upload: str) -> Upload:
        with self._database.read() as session:
            return rows.find(session, owner, upload)

    def _placed(self, row: Upload) -> Placed:
        expires = row.expires or 0.0
        is_late = row.state == RECEIVING and expires < self._clock()
        state = tus.State(row.length, row.offset, "expired" if is_late else row.state)
        return Placed(row.id, state, expires, row.sent_metadata or "")

    def _lost(self, row: Upload) -> PacsProxyError:
        """Remember that the file is not what was acknowledged, and give what to raise."""
        self._end(row, "lost")
        return UploadGone(tus.GONE["lost"])

    def _end(self, row: Upload, state: str) -> None:
        rows.end(self._database, self._jobs, row, state)
        self._staging.discard(row.id)


def pass_on(jobs: Jobs, session: Session, upload: str, length: int) -> None:
    """A whole file becomes a job in the transaction that says it is whole."""
    lane = BIG if length > _BIG_BYTES else SMALL
    jobs.add(session, KIND, _payload(upload, length), lane=lane, upload_id=upload)


def pass_on_several(jobs: Jobs, session: Session, uploads: Mapping[str, int]) -> None:
    """The same for small files; their lengths by upload."""
    payloads = {upload: _payload(upload, length) for upload, length in uploads.items()}
    jobs.add_several(session, KIND, payloads)


def _payload(upload: str, length: int) -> dict[str, Any]:
    return {"upload": upload, LIGHT: length <= LIGHT_BYTES, SHORT: length <= _SHORT_BYTES}


def _other_file(
    claimed: str | None, state: tus.State, received: tus.Received
) -> PacsProxyError | None:
    """What the client said the whole file is, checked where the whole file came in one piece."""
    if claimed is None or not state.is_whole or received.sha256.hex() == claimed:
        return None
    return ChecksumMismatch("The file differs from its sha256; send it again.")
