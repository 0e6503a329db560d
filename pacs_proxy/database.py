"""What must outlive a process: uploads, what became of them, jobs. SQLite, or PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    create_engine,
    event,
    make_url,
    text,
    update,
)
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pacs_proxy.errors import DatabaseUnavailable
from pacs_proxy.turns import NoTurn, Turn

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

_AWAY = "The proxy's own database does not answer. Try again; if it lasts, tell your administrator."

# How long one writer waits for another process; transactions last milliseconds.
_BUSY_SECONDS = 30
# Connections of one process; PostgreSQL admits 100 in all by default.
_KEPT, _MORE = 4, 12

_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys by itself
_UUID = String(32)
_ORTHANC_ID = String(44)
_CASCADE, _AFTERWARDS = "CASCADE", "afterwards"
_BIG_AT_WORK = text("lane = 'big' AND state = 'running'")


class Base(DeclarativeBase):
    """Every table; `migrations` makes them. Times are seconds since 1970, sizes are bytes."""

    type_annotation_map = {float: Double, dict[str, Any]: JSON(none_as_null=True)}  # noqa: RUF012 - read once


class Batch(Base):
    """What one person sent in one go; `rev` counts every change that can be seen."""

    __tablename__ = "batches"
    __table_args__ = (UniqueConstraint("owner", "client_key"),)

    id: Mapped[str] = mapped_column(_UUID, primary_key=True)
    owner: Mapped[str] = mapped_column(String(128), index=True)
    client_key: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(16), default="files")
    label: Mapped[str | None] = mapped_column(String(64))
    rev: Mapped[int] = mapped_column(BigInteger, default=0)
    created: Mapped[float]
    closed: Mapped[bool] = mapped_column(default=False)
    expected_files: Mapped[int | None] = mapped_column(BigInteger)
    files: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)


class Upload(Base):
    """One file on its way in; `name` is patient data. States are those of docs/architecture.md."""

    __tablename__ = "uploads"
    __table_args__ = (
        UniqueConstraint("owner", "client_key"),
        Index("ix_uploads_batch_id_rev", "batch_id", "rev"),
        Index("ix_uploads_state_expires", "state", "expires"),
        Index("ix_uploads_owner_state_length", "owner", "state", "length"),
    )

    id: Mapped[str] = mapped_column(_UUID, primary_key=True)
    owner: Mapped[str] = mapped_column(String(128))
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.id", ondelete=_CASCADE))
    client_key: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text, default="")
    length: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger, default=0)
    kind: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="receiving")
    code: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str | None] = mapped_column(Text)
    target: Mapped[dict[str, Any] | None]
    thumbnail: Mapped[str | None] = mapped_column(Text)
    rev: Mapped[int] = mapped_column(BigInteger, default=0)
    created: Mapped[float]
    progressed: Mapped[float]
    expires: Mapped[float | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    done_bytes: Mapped[int | None] = mapped_column(BigInteger)
    total_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sent_metadata: Mapped[str | None] = mapped_column(Text)


class Chunk(Base):
    """One acknowledged piece of an upload and its digest, to be checked again while posting."""

    __tablename__ = "chunks"

    upload_id: Mapped[str] = mapped_column(
        ForeignKey("uploads.id", ondelete=_CASCADE), primary_key=True
    )
    at: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    length: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))


class Result(Base):
    """What became of one file: an upload, or its `number`-th member where it is an archive.

    A name inside an archive may come twice and may be longer than an index takes, so the number
    is the key by which a repeated job finds its own row.
    """

    __tablename__ = "results"
    __table_args__ = (
        UniqueConstraint("upload_id", "number"),
        Index("ix_results_batch_id_rev", "batch_id", "rev"),
        Index("ix_results_settled_created", "settled", "created"),
    )

    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.id", ondelete=_CASCADE))
    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id", ondelete=_CASCADE))
    number: Mapped[int] = mapped_column(default=0)
    member: Mapped[str] = mapped_column(Text, default="")
    outcome: Mapped[str] = mapped_column(String(16), index=True)
    code: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str | None] = mapped_column(Text)
    instance: Mapped[str | None] = mapped_column(_ORTHANC_ID, index=True)
    series: Mapped[str | None] = mapped_column(_ORTHANC_ID, index=True)
    study: Mapped[str | None] = mapped_column(_ORTHANC_ID, index=True)
    md5: Mapped[str | None] = mapped_column(String(32))
    size: Mapped[int | None] = mapped_column(BigInteger)
    rev: Mapped[int] = mapped_column(BigInteger, default=0)
    created: Mapped[float]
    settled: Mapped[bool] = mapped_column(default=False)
    staged: Mapped[str | None] = mapped_column(Text)


class StudyLabel(Base):
    """A word on a study, outside its DICOM: which disc it came from."""

    __tablename__ = "study_labels"

    study: Mapped[str] = mapped_column(_ORTHANC_ID, primary_key=True)
    label: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("batches.id", ondelete="SET NULL"))
    created: Mapped[float]


class Job(Base):
    """Work that survives its worker; see `jobs`. It may outlive what it is about: no keys."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_state_lane_not_before", "state", "lane", "not_before"),
        # One at a time over all machines, whatever the claimers believe.
        Index(
            "ux_jobs_big_at_work",
            "lane",
            unique=True,
            sqlite_where=_BIG_AT_WORK,
            postgresql_where=_BIG_AT_WORK,
        ),
        {"sqlite_autoincrement": True},  # a number is asked for later: never given twice
    )

    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]]
    lane: Mapped[str] = mapped_column(String(16))
    study_id: Mapped[str | None] = mapped_column(_ORTHANC_ID, index=True)
    upload_id: Mapped[str | None] = mapped_column(_UUID, index=True)
    state: Mapped[str] = mapped_column(String(16), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    most_attempts: Mapped[int]
    not_before: Mapped[float]
    lease_until: Mapped[float | None]
    owner: Mapped[str | None] = mapped_column(String(128), index=True)
    progress: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[str | None] = mapped_column(Text)
    created: Mapped[float]
    updated: Mapped[float]


class Database:
    """The only way to a session; connections are made at first use, so after the fork."""

    def __init__(self, url: str) -> None:
        self._engine = engine(url)
        self._writer = self._engine.execution_options(writes=True)
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        file = self._engine.url.database if self.is_sqlite else None
        self._turn = Turn(Path(f"{file}-turn") if file else None)

    @contextmanager
    def write(self, patience: float = _BUSY_SECONDS) -> Iterator[Session]:
        """One transaction, durable when the block ends; undone when it raises.

        SQLite waits `patience` seconds for other writers. Raises DatabaseUnavailable;
        IntegrityError as it is, for those who expect it.
        """
        session = Session(self._writer, expire_on_commit=False)
        with _translated(), self._turn.taken(patience), session, session.begin():
            session.connection(execution_options={"patience": patience})
            yield session
        for call in session.info.get(_AFTERWARDS, ()):
            call()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A look; nothing in it is kept. Raises DatabaseUnavailable."""
        with _translated(), Session(self._engine, autoflush=False) as session:
            yield session

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()
        self._turn.close()


# Made once, and run without the ORM's share: every change of every file counts.
_COUNT = (
    update(Batch)
    .where(Batch.id == bindparam("batch"))
    .values(rev=Batch.rev + 1)
    .returning(Batch.rev)
)


def touch(session: Session, batch_id: str) -> int:
    """The batch's next revision, to stamp what changed with; 0 where the batch is gone."""
    return session.connection().scalar(_COUNT, {"batch": batch_id}) or 0


def afterwards(session: Session, call: Callable[[], None]) -> None:
    """Call it once the transaction of `Database.write` is committed."""
    session.info.setdefault(_AFTERWARDS, []).append(call)


def engine(url: str) -> Engine:
    """An engine with our rules of durability; it connects at first use."""
    if make_url(url).get_backend_name() != "sqlite":
        waits = {"connect_timeout": 5}
        return create_engine(
            url, pool_size=_KEPT, max_overflow=_MORE, pool_pre_ping=True, connect_args=waits
        )
    made = create_engine(
        url, pool_size=_KEPT, max_overflow=_MORE, connect_args={"timeout": _BUSY_SECONDS}
    )
    event.listen(made, "connect", _prepare_sqlite)
    event.listen(made, "begin", _begin_sqlite)
    return made


def _prepare_sqlite(connection: DBAPIConnection, _: object) -> None:
    """Commits survive a loss of power; readers do not wait for the writer."""
    connection.isolation_level = None  # we begin by ourselves
    cursor = connection.cursor()
    for rule in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {rule}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its turn at once: one that read first could not become one any more."""
    options = connection.get_execution_options()
    patience = int(options.get("patience", _BUSY_SECONDS) * 1000)
    connection.exec_driver_sql(f"PRAGMA busy_timeout={patience}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, NoConnection, NoTurn) as error:
        raise DatabaseUnavailable(_AWAY) from error
