"""Rows of uploads: how they are found, and what each step of an upload writes into them.

Statements of the way that every small file takes are made once: making them costs more than
running them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from pacs_proxy.alone import alone
from pacs_proxy.database import Batch, Chunk, Database, Job, Upload, touch
from pacs_proxy.errors import NotFound
from pacs_proxy.errors.uploads import UploadFinished, UploadGone
from pacs_proxy.ingest import tus
from pacs_proxy.ingest.admission import Admission, Held
from pacs_proxy.jobs import Jobs

RECEIVING, STORING = "receiving", "storing"
LIVE = (RECEIVING, "received", "checking", "converting", STORING, "kept")
# Nothing of them is in the archive yet.
STOPPABLE = tuple(state for state in LIVE if state != STORING)

_named = aliased(Upload)
_GLANCE = select(
    func.count().filter(Upload.state == RECEIVING),
    func.coalesce(func.sum(Upload.length), 0),
    select(_named.id)
    .where(_named.owner == bindparam("owner"), _named.client_key == bindparam("key"))
    .scalar_subquery(),
    select(Batch.closed)
    .where(Batch.owner == bindparam("owner"), Batch.id == bindparam("batch"))
    .scalar_subquery(),
).where(Upload.owner == bindparam("owner"), Upload.state.in_(LIVE))
_HELD = select(func.coalesce(func.sum(Upload.length), 0)).where(
    Upload.owner == bindparam("owner"), Upload.state.in_(LIVE)
)
_CANCELLED = "This batch was cancelled; begin another one."
# So near its quota an owner's uploads are counted one after another.
_NEAR = 256 << 20
_COUNT = (
    update(Batch)
    .where(Batch.id == bindparam("batch"), Batch.closed == False)  # noqa: E712
    .values(
        rev=Batch.rev + 1,
        files=Batch.files + bindparam("more"),
        bytes=Batch.bytes + bindparam("length"),
    )
    .returning(Batch.rev, Batch.bytes)
)
_ADD, _ADD_BATCH, _ADD_CHUNK = insert(Upload), insert(Batch), insert(Chunk)
_FIND = select(Upload).where(Upload.id == bindparam("id"))
_SEEN = select(Upload.client_key, Upload.id, Upload.length, Upload.offset).where(
    Upload.owner == bindparam("owner"),
    Upload.client_key.in_(bindparam("client_keys", expanding=True)),
)


@dataclass(frozen=True)
class Seen:
    """An upload that is there; `offset` says how much of its `length`."""

    id: str
    length: int
    offset: int


def glance(session: Session, owner: str, key: str | None, batch: str | None) -> str | Held:
    """The upload that this client key named before; else what the owner has on the way.

    Raises NotFound for another's batch, UploadGone for a cancelled one.
    """
    asked = {"owner": owner, "key": key, "batch": batch}
    unfinished, total, known, closed = session.connection().execute(_GLANCE, asked).one()
    if known:
        return str(known)
    if batch is not None and closed is None:
        raise NotFound("There is no such batch; begin one first.")
    if closed:
        raise UploadGone(_CANCELLED)
    return Held(unfinished, int(total))


def reserve(session: Session, admission: Admission, owner: str, length: int) -> None:
    """Count against the quota once more, in the transaction that adds. Raises OverQuota.

    SQLite's writers exclude each other; PostgreSQL's of one owner do near the limit.
    """
    connection, asked = session.connection(), {"owner": owner}
    total = int(connection.scalar(_HELD, asked) or 0) + length
    is_near = total > admission.limits.quota_bytes - _NEAR
    if is_near and connection.dialect.name == "postgresql":
        alone(session, owner)
        total = int(connection.scalar(_HELD, asked) or 0) + length
    admission.admit_quota(total)


def find(session: Session, owner: str, upload: str) -> Upload:
    """Raises NotFound, also for what is another's."""
    row = session.scalar(_FIND, {"id": upload})
    if row is None or row.owner != owner:
        raise NotFound("There is no such upload; begin it again.")
    return row


def add(session: Session, values: dict[str, Any]) -> None:
    """A new upload."""
    session.connection().execute(_ADD, values)


def add_several(session: Session, values: Sequence[dict[str, Any]]) -> None:
    """New uploads, all with the same columns."""
    session.connection().execute(_ADD, values)


def seen(session: Session, owner: str, keys: Sequence[str]) -> dict[str, Seen]:
    """By client key, those of them that are there already."""
    asked = {"owner": owner, "client_keys": keys}
    found = session.connection().execute(_SEEN, asked)
    return {str(key): Seen(upload, length, offset) for key, upload, length, offset in found}


def add_batch(session: Session, values: dict[str, Any]) -> None:
    """A new batch."""
    session.connection().execute(_ADD_BATCH, values)


def count_in(session: Session, batch: str, length: int, files: int = 1) -> tuple[int, int]:
    """Count new uploads in their batch: the batch's revision and its bytes so far.

    Raises UploadGone when the batch was cancelled while their bytes came.
    """
    counted = {"batch": batch, "length": length, "more": files}
    found = session.connection().execute(_COUNT, counted).one_or_none()
    if found is None:
        raise UploadGone(_CANCELLED)
    rev, total = found
    return rev, total


def reached(state: tus.State) -> dict[str, Any]:
    """The columns that say how far it is."""
    if state.is_whole:
        return {"offset": state.offset, "state": "received", "expires": None}
    return {"offset": state.offset, "state": RECEIVING}


def add_chunk(session: Session, upload: str, at: int, received: tus.Received) -> None:
    """Remember what these bytes were: they are compared once more when they go to the archive."""
    digest = received.sha256.hex()
    row = {"upload_id": upload, "at": at, "length": received.count, "sha256": digest}
    session.connection().execute(_ADD_CHUNK, row)


def end(database: Database, jobs: Jobs, row: Upload, state: str) -> None:
    """End an upload whose bytes are no longer wanted; raises UploadFinished when it is stored."""
    with database.write() as session:
        values = {"state": state, "rev": touch(session, row.batch_id)}
        still = Upload.state.in_(STOPPABLE)
        ended = update(Upload).where(Upload.id == row.id, still).values(values)
        if not session.execute(ended).rowcount:  # type: ignore[attr-defined]
            raise UploadFinished(
                "This file was dealt with already; what is stored is deleted in the study list."
            )
        jobs.cancel(session, Job.upload_id == row.id)
