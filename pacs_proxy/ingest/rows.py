"""Rows of uploads: how they are found, and what each step of an upload writes into them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from pacs_proxy.database import Batch, Chunk, Database, Job, Upload, touch
from pacs_proxy.errors import NotFound
from pacs_proxy.errors.uploads import UploadFinished, UploadGone
from pacs_proxy.ingest import tus
from pacs_proxy.ingest.admission import ENDS
from pacs_proxy.jobs import Jobs


def end(database: Database, jobs: Jobs, row: Upload, state: str) -> None:
    """End an upload whose bytes are no longer wanted; raises UploadFinished when it is stored."""
    with database.write() as session:
        values = {"state": state, "rev": touch(session, row.batch_id)}
        still = Upload.state.not_in((*ENDS, "storing"))
        ended = update(Upload).where(Upload.id == row.id, still).values(values)
        if not session.execute(ended).rowcount:  # type: ignore[attr-defined]
            raise UploadFinished(
                "This file was dealt with already; what is stored is deleted in the study list."
            )
        jobs.cancel(session, Job.upload_id == row.id)


def reached(state: tus.State) -> dict[str, Any]:
    """The columns that say how far it is."""
    whole = {"state": "received", "expires": None} if state.is_whole else {}
    return {"offset": state.offset, **whole}


def add_chunk(session: Session, upload: str, at: int, received: tus.Received) -> None:
    """Remember what these bytes were: they are compared once more when they go to the archive."""
    digest = received.sha256.hex()
    row = {"upload_id": upload, "at": at, "length": received.count, "sha256": digest}
    session.execute(insert(Chunk), [row])


def by_key(session: Session, owner: str, key: str | None) -> Upload | None:
    """The upload that this owner's client named so before."""
    if key is None:
        return None
    named = select(Upload).where(Upload.owner == owner, Upload.client_key == key)
    return session.scalar(named)


def require_batch(session: Session, owner: str, batch: str | None) -> None:
    """Raise NotFound for another's batch, UploadGone for a cancelled one."""
    if batch is None:
        return
    row = session.get(Batch, batch)
    if row is None or row.owner != owner:
        raise NotFound("There is no such batch; begin one first.")
    if row.closed:
        raise UploadGone("This batch was cancelled; begin another one.")
