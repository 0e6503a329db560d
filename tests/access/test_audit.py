"""What one process writes of its readers: first, once, and then in figures."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from pacs_proxy.access.audit import Audit, day
from pacs_proxy.access.checkpoint import Checkpoint
from pacs_proxy.access.inquiry import Inquiry, moment
from pacs_proxy.access.journal import Journal
from pacs_proxy.access.records import (
    DENIED,
    SIGN_IN,
    STUDY_EXPORTED,
    STUDY_READ,
    Asker,
    Event,
    Study,
)
from pacs_proxy.access.tables import AuditRecord
from pacs_proxy.database import Database
from pacs_proxy.errors import AuditUnavailable
from tests.access.conftest import ANN

ONE, TWO = Study("one", "1.1", "P1"), Study("two", "1.2", "P2")


class Broken(Journal):
    """A journal that takes nothing while `is_broken`."""

    is_broken = False

    def write(self, *events: Event) -> None:
        if self.is_broken:
            raise AuditUnavailable("No.")
        super().write(*events)


@pytest.fixture
def pen(kept: Database, checkpoint: Checkpoint) -> Broken:
    return Broken(kept, checkpoint, clock=lambda: 1_800_000_000.0)


@pytest.fixture
def audit(pen: Broken) -> Audit:
    return Audit(pen)


def told(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as session:
        rows = session.scalars(select(AuditRecord).order_by(AuditRecord.seq)).all()
    return [(row.event, row.principal, row.study) for row in rows]


def figures(database: Database) -> list[dict[str, object]]:
    with database.read() as session:
        rows = session.scalars(select(AuditRecord).where(AuditRecord.event == "study.counted"))
        return [json.loads(row.detail) for row in rows]


def test_reading_and_exporting_a_study_are_each_written_once(kept: Database, audit: Audit) -> None:
    for _ in range(5):
        audit.accessed(STUDY_READ, ANN, ONE, 100)
        audit.accessed(STUDY_EXPORTED, ANN, ONE, 100)
    audit.accessed(STUDY_READ, Asker("bob", "s-2"), ONE, 100)
    assert told(kept) == [
        ("study.read", "ann", "one"),
        ("study.exported", "ann", "one"),
        ("study.read", "bob", "one"),
    ]


def test_what_followed_is_written_as_figures(kept: Database, audit: Audit) -> None:
    for _ in range(3):
        audit.accessed(STUDY_READ, ANN, ONE, 100)
    audit.count()
    audit.accessed(STUDY_READ, ANN, ONE, 7)
    audit.stop()
    assert figures(kept) == [
        {"of": "study.read", "answers": 3, "bytes": 300},
        {"of": "study.read", "answers": 1, "bytes": 7},
    ]


def test_an_access_that_cannot_be_written_raises_each_time(
    kept: Database, pen: Broken, audit: Audit
) -> None:
    pen.is_broken = True
    for _ in range(2):
        with pytest.raises(AuditUnavailable):
            audit.accessed(STUDY_READ, ANN, ONE, 100)
    pen.is_broken = False
    audit.accessed(STUDY_READ, ANN, ONE, 100)
    audit.count()
    assert told(kept)[0] == ("study.read", "ann", "one")
    assert figures(kept) == [{"of": "study.read", "answers": 1, "bytes": 100}]


def test_figures_that_cannot_be_written_come_later(
    kept: Database, pen: Broken, audit: Audit
) -> None:
    audit.accessed(STUDY_READ, ANN, ONE, 100)
    pen.is_broken = True
    audit.count()
    audit.accessed(STUDY_READ, ANN, ONE, 100)
    pen.is_broken = False
    audit.count()
    assert figures(kept) == [{"of": "study.read", "answers": 2, "bytes": 200}]


def test_a_refusal_stands_even_when_it_cannot_be_written(pen: Broken, audit: Audit) -> None:
    pen.is_broken = True
    audit.told(Event(DENIED, ANN))


def test_another_process_knows_what_this_one_wrote(
    file: Path, kept: Database, audit: Audit, checkpoint: Checkpoint
) -> None:
    audit.accessed(STUDY_READ, ANN, ONE, 100)
    with closing(Database(f"sqlite:///{file}")) as again:
        Audit(Journal(again, checkpoint)).accessed(STUDY_READ, ANN, ONE, 100)
    assert told(kept) == [("study.read", "ann", "one")]


def test_a_day_of_utc_is_a_session() -> None:
    assert day("local", lambda: 1_800_000_000.0) == "local:2027-01-15"


@pytest.fixture
def asked(kept: Database, checkpoint: Checkpoint) -> Database:
    times = iter([100.0, 200.0, 300.0])
    journal = Journal(kept, checkpoint, clock=lambda: next(times))
    journal.write(Event(STUDY_READ, ANN, ONE), Event(STUDY_READ, ANN, TWO))
    journal.write(Event(STUDY_READ, Asker("bob", "s-2"), TWO))
    return kept


@pytest.mark.parametrize(
    ("inquiry", "numbers"),
    [
        (Inquiry(), [1, 2, 3]),
        (Inquiry(patient="P2"), [2, 3]),
        (Inquiry(user="ann"), [1, 2]),
        (Inquiry(study="two"), [2, 3]),
        (Inquiry(study="1.1"), [1]),
        (Inquiry(since=200.0), [2, 3]),
        (Inquiry(until=200.0), [1]),
        (Inquiry(user="ann", patient="P2", since=1.0, until=999.0), [2]),
        (Inquiry(patient="nobody"), []),
    ],
)
def test_the_journal_is_asked_by_patient_user_study_and_time(
    asked: Database, inquiry: Inquiry, numbers: list[int]
) -> None:
    assert [record.seq for record in inquiry.records(asked)] == numbers


def test_times_are_told_in_utc() -> None:
    assert moment(1_800_000_000.123) == "2027-01-15T08:00:00.123Z"


def test_strangers_are_counted_in_one_record_a_minute_and_none_is_lost(
    kept: Database, pen: Broken
) -> None:
    now = [1_800_000_000.0]
    audit = Audit(pen, clock=lambda: now[0])
    for number in range(5_000):
        audit.unknown(f"10.0.{number // 250}.{number % 250}")
    audit.unknown("10.0.0.0")
    audit.count()
    for step in range(1, 4):
        audit.unknown("10.9.9.9")
        now[0] += 30.0 if step < 3 else 0.0
        audit.count()
    pen.is_broken = True
    audit.unknown("10.9.9.9")
    audit.stop()
    pen.is_broken = False
    audit.stop()
    with kept.read() as session:
        rows = session.scalars(select(AuditRecord).order_by(AuditRecord.seq)).all()
        found = [json.loads(row.detail) for row in rows]
        assert {(row.event, row.principal) for row in rows} == {(DENIED, "nobody")}
    assert [one["refused"] for one in found] == [5_001, 2, 2]
    assert len(found[0]["addresses"]) == 20
    assert found[0]["addresses"]["others"] == 4_000
    assert found[0]["addresses"]["10.0.0.0"] == 2


def test_a_flood_of_tries_is_written_down_as_it_begins_and_then_counted(
    kept: Database, pen: Broken
) -> None:
    now = [1_800_000_000.0]
    audit = Audit(pen, clock=lambda: now[0])

    def tries(count: int, address: str) -> None:
        for number in range(count):
            asker = Asker(f"name-{number}", "", address)
            audit.turned_away(Event(SIGN_IN, asker, outcome="too_many_tries"))

    tries(500, "10.0.0.1")
    tries(4, "10.0.0.2")
    for number in range(300):
        tries(1, f"10.1.0.{number}")
    pen.is_broken = True
    audit.count()
    pen.is_broken = False
    audit.count()
    now[0] += 60.0
    tries(11, "10.0.0.1")
    audit.stop()
    with kept.read() as session:
        rows = session.scalars(select(AuditRecord).order_by(AuditRecord.seq)).all()
    assert {(row.event, row.outcome) for row in rows} == {(SIGN_IN, "too_many_tries")}
    whole = [row.address for row in rows if row.principal != "nobody"]
    assert whole[:14] == ["10.0.0.1"] * 10 + ["10.0.0.2"] * 4
    assert whole[100:] == ["10.0.0.1"] * 10
    counted = [json.loads(row.detail) for row in rows if row.principal == "nobody"]
    # Each of the 815 is either there or counted.
    assert [one["refused"] for one in counted] == [704, 1]
    assert counted[0]["addresses"]["10.0.0.1"] == 490
