"""Records follow each other without a gap, are never changed, and are on the disk or refused."""

import json
import resource
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from pacs_proxy.access.checkpoint import Checkpoint, Mark
from pacs_proxy.access.journal import Journal
from pacs_proxy.access.records import FIELDS, ORIGIN, SEARCH, Asker, Event, Study, chained
from pacs_proxy.access.tables import AuditRecord
from pacs_proxy.access.verification import verify
from pacs_proxy.database import Database
from pacs_proxy.errors import AuditUnavailable
from tests.access.conftest import ANN, opened


def records(database: Database) -> list[AuditRecord]:
    with database.read() as session:
        return list(session.scalars(select(AuditRecord).order_by(AuditRecord.seq)))


def test_each_record_carries_the_hash_of_the_one_before(
    database: Database, journal: Journal
) -> None:
    journal.write(opened(1), opened(2))
    journal.write(Event(SEARCH, ANN, detail={"terms": {"patient_id": "P3"}}))
    last = ORIGIN
    for number, record in enumerate(records(database), 1):
        assert record.seq == number
        last = chained(last, {name: getattr(record, name) for name in FIELDS})
        assert record.hash == last
    assert number == 3


def test_many_writers_make_one_chain(database: Database, journal: Journal) -> None:
    others = [Journal(database, Checkpoint(Path("/dev/null"))), journal]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: others[n % 2].write(opened(n)), range(60)))
    assert [record.seq for record in records(database)] == list(range(1, 61))
    assert verify(database, Checkpoint(Path("/nowhere"))).is_whole


def test_a_study_is_written_down_once_for_each_session(
    database: Database, journal: Journal
) -> None:
    bob = Asker("bob", "s-2")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: journal.write(opened(1)), range(8)))
    journal.write(opened(2))
    journal.write(opened(1, bob))
    written = [(record.session, record.study) for record in records(database)]
    assert written == [("s-1", "study-1"), ("s-1", "study-2"), ("s-2", "study-1")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET principal = 'nobody'",
        "UPDATE audit SET hash = hash WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 2",
        "INSERT INTO audit SELECT 9, at, event, outcome, principal, 'x', address, request, study, "
        "study_uid, patient, detail, hash FROM audit WHERE seq = 1",
    ],
)
def test_the_database_refuses_to_change_what_is_written(
    database: Database, journal: Journal, statement: str
) -> None:
    journal.write(opened(1), opened(2))
    with pytest.raises(SQLAlchemyError), database.write() as session:
        session.execute(text(statement))
    assert [record.seq for record in records(database)] == [1, 2]


def test_a_record_cannot_be_replaced_in_sqlite(kept: Database, checkpoint: Checkpoint) -> None:
    Journal(kept, checkpoint).write(opened(1))
    values = {**opened(2).values(1, 2.0), "hash": "0" * 64}
    with pytest.raises(SQLAlchemyError), kept.write() as session:
        session.execute(insert(AuditRecord).prefix_with("OR REPLACE"), values)
    assert verify(kept, checkpoint).is_whole


@pytest.mark.parametrize(
    "patient", ["Ünïcode", "a\0b", "\ud800", "'; DROP TABLE audit; --", "x" * 5000]
)
def test_every_name_can_be_recorded(
    database: Database, journal: Journal, checkpoint: Checkpoint, patient: str
) -> None:
    terms = {"patient_name": patient}
    journal.write(Event(SEARCH, ANN, Study("s", "1.2", patient), detail=terms))
    [record] = records(database)
    assert json.loads(record.detail)["patient_name"].encode("utf-8", "surrogatepass")
    assert verify(database, checkpoint).is_whole


def test_the_checkpoint_follows_the_journal_and_never_goes_back(
    database: Database, journal: Journal, checkpoint: Checkpoint
) -> None:
    journal.write(opened(1), opened(2))
    newest = records(database)[-1]
    assert checkpoint.read() == Mark(2, newest.hash)
    checkpoint.advance(Mark(1, "0" * 64))
    assert checkpoint.read() == Mark(2, newest.hash)


def test_a_journal_that_somebody_holds_locked_refuses_soon(
    file: Path, checkpoint: Checkpoint
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with closing(Database(f"sqlite:///{file}")) as database:
            journal = Journal(database, checkpoint, patience=0.2)
            with pytest.raises(AuditUnavailable, match="administrator"):
                journal.write(opened(1))
            other.execute("ROLLBACK")
            journal.write(opened(1))
            assert [record.seq for record in records(database)] == [1]


def test_a_locked_table_of_postgresql_refuses_soon(
    database: Database, journal: Journal, checkpoint: Checkpoint
) -> None:
    if database.is_sqlite:
        pytest.skip("tried above by SQLite's own means")
    with database.write() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(7236212)"))
        with pytest.raises(AuditUnavailable):
            Journal(database, checkpoint, patience=0.2).write(opened(1))
    journal.write(opened(1))


FULL = """
import sys
from pathlib import Path
from pacs_proxy.access.checkpoint import Checkpoint
from pacs_proxy.access.journal import Journal
from pacs_proxy.access.records import Asker, Event, Study
from pacs_proxy.database import Database
from pacs_proxy.errors import AuditUnavailable
url, mark = sys.argv[1:]
journal = Journal(Database(url), Checkpoint(Path(mark)))
number = 0
try:
    while number < 10_000:
        journal.write(Event("study.read", Asker("a", "s"), Study(str(number), "", "p" * 500)))
        number += 1
except AuditUnavailable:
    print(number)
"""


def test_a_full_disk_refuses_and_what_was_accepted_is_there(
    file: Path, checkpoint: Checkpoint
) -> None:
    """RLIMIT_FSIZE stands for the disk: the write-ahead file cannot grow any more."""
    limit = file.stat().st_size + 400_000

    def few_bytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    ended = subprocess.run(
        [sys.executable, "-c", FULL, f"sqlite:///{file}", str(file.with_name("checkpoint"))],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=few_bytes,
    )
    accepted = int(ended.stdout)
    assert 0 < accepted < 10_000
    with closing(Database(f"sqlite:///{file}")) as database:
        assert verify(database, checkpoint).sound == accepted
        Journal(database, checkpoint).write(opened(1))
        assert verify(database, checkpoint).sound == accepted + 1
