"""What became of files, written down: one row each, the batch's revision, labels of studies."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import BindParameter, Update, bindparam, insert, select, update
from sqlalchemy.orm import Session

from pacs_proxy.database import Batch, Result, StudyLabel, Upload, touch
from pacs_proxy.ingest.deposit import DUPLICATE, STORED, Deposited

REFUSED, SKIPPED = "refused", "skipped"
_IN_ARCHIVE = frozenset({STORED, DUPLICATE})
_UPLOADS = Upload.metadata.tables[Upload.__tablename__]
_ADD, _LABEL = insert(Result), select(Batch.label).where(Batch.id == bindparam("batch"))


@dataclass(frozen=True)
class Row:
    """One file's result; `number` is 0 for the upload itself. See database.Result."""

    number: int
    member: str
    outcome: str
    code: str | None = None
    detail: str | None = None
    deposited: Deposited | None = None
    staged: str | None = None

    @property
    def study(self) -> str | None:
        """Orthanc's study, where the file is in it."""
        return self.deposited.study if self.deposited else None


def row_of(number: int, member: str, deposited: Deposited, staged: str | None = None) -> Row:
    """The row of a file that the archive was shown."""
    outcome, code, detail = deposited.outcome, deposited.code, deposited.detail
    return Row(number, member, outcome, code, detail, deposited, staged)


def add(session: Session, upload: Upload, rows: Sequence[Row], now: float) -> int:
    """Write the rows under the batch's next revision, which is returned."""
    rev = touch(session, upload.batch_id)
    if rows:
        session.connection().execute(_ADD, [_values(upload, row, now, rev) for row in rows])
    _label(session, upload.batch_id, {row.study for row in rows if row.study}, now)
    return rev


def add_several(session: Session, rows: Sequence[tuple[Upload, Row]], now: float) -> dict[str, int]:
    """The same for several uploads: the new revision of each of their batches."""
    revs = {batch: touch(session, batch) for batch in sorted({up.batch_id for up, _ in rows})}
    values = [_values(upload, row, now, revs[upload.batch_id]) for upload, row in rows]
    session.connection().execute(_ADD, values)
    for batch in revs:
        mine = {row.study for up, row in rows if row.study and up.batch_id == batch}
        _label(session, batch, mine, now)
    return revs


def change_several(session: Session, batch: str, uploads: Sequence[str], **values: object) -> None:
    """Set columns of uploads of one batch."""
    new = {f"new_{name}": value for name, value in values.items()}
    asked = {"batch": batch, "uploads": uploads, **new}
    session.connection().execute(_change_several(*sorted(values)), asked)


def change(session: Session, upload: str, **values: object) -> None:
    """Set columns of an upload."""
    new = {f"new_{name}": value for name, value in values.items()}
    session.connection().execute(_change(*sorted(values)), {"of": upload, **new})


@cache
def _change(*names: str) -> Update:
    """Made once for each set of columns: making it costs more than running it."""
    values: dict[str, BindParameter[object]] = {name: bindparam(f"new_{name}") for name in names}
    return update(_UPLOADS).where(_UPLOADS.c.id == bindparam("of")).values(values)


@cache
def _change_several(*names: str) -> Update:
    values: dict[str, BindParameter[object]] = {name: bindparam(f"new_{name}") for name in names}
    which = _UPLOADS.c.id.in_(bindparam("uploads", expanding=True))
    return update(_UPLOADS).where(which, _UPLOADS.c.batch_id == bindparam("batch")).values(values)


def numbers(session: Session, upload: str) -> set[int]:
    """The members that have their row already."""
    return set(session.scalars(select(Result.number).where(Result.upload_id == upload)))


def _values(upload: Upload, row: Row, now: float, rev: int) -> dict[str, object]:
    there = row.deposited
    return {
        "batch_id": upload.batch_id,
        "upload_id": upload.id,
        "number": row.number,
        "member": row.member,
        "outcome": row.outcome,
        "code": row.code,
        "detail": row.detail,
        "instance": there.instance if there else None,
        "series": there.series if there else None,
        "study": there.study if there else None,
        "md5": there.md5 if there else None,
        "size": there.size if there else None,
        "rev": rev,
        "created": now,
        # Only what is said to be in the archive is looked at once more.
        "settled": row.outcome not in _IN_ARCHIVE,
        "staged": row.staged,
    }


def names_of(row: Result) -> tuple[str, str, str]:
    """The archive's study, series and instance of it."""
    return row.study or "", row.series or "", row.instance or ""


def _label(session: Session, batch: str, studies: Collection[str], now: float) -> None:
    label = session.connection().scalar(_LABEL, {"batch": batch}) if studies else None
    if not label:
        return
    for study in studies:
        if session.get(StudyLabel, (study, label)) is None:
            session.add(StudyLabel(study=study, label=label, batch_id=batch, created=now))
