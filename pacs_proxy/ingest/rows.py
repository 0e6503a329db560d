"""Rows of uploads: how they are found, and what each step of an upload writes into them.

Statements of the way that every small file takes are made once: making them costs more than
running them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from pacs_proxy.database import Batch, Chunk, Database, Job, Upload, touch
from pacs_proxy.errors import NotFound
from pacs_proxy.errors.uploads import UploadFinished, UploadGone
from pacs_proxy.ingest import tus
from pacs_proxy.ingest.admission import Held
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
_COUNT = (
    update(Batch)
    .where(Batch.id == bindparam("batch"))
    .values(rev=Batch.rev + 1, files=Batch.files + 1, bytes=Batch.bytes + bindparam("length"))
    .returning(Batch.rev, Batch.bytes)
)
_ADD, _ADD_BATCH, _ADD_CHUNK = insert(Upload), insert(Batch), insert(Chunk)
_FIND = select(Upload).where(Upload.id == bindparam("id"))


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
        raise UploadGone("This batch was cancelled; begin another one.")
    return Held(unfinished, int(total))


def find(session: Session, owner: str, upload: str) -> Upload:
    """Raises NotFound, also for what is another's."""
    row = session.scalar(_FIND, {"id": upload})
    if row is None or row.owner != owner:
        raise NotFound("There is no such upload; begin it again.")
    return row


def add(session: Session, values: dict[str, Any]) -> None:
    """A new upload."""
    session.connection().execute(_ADD, values)


def add_batch(session: Session, values: dict[str, Any]) -> None:
    """A new batch."""
    session.connection().execute(_ADD_BATCH, values)


def count_in(session: Session, batch: str, length: int) -> tuple[int, int]:
    """Count a new upload in its batch: the batch's revision and its bytes so far."""
    counted = {"batch": batch, "length": length}
    rev, total = session.connection().execute(_COUNT, counted).one()
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
