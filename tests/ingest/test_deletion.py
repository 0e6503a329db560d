"""Deletions in either database; what a real archive makes of them is tests/real/test_deletion."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from pacs_proxy.database import Database, Job, Result, StudyLabel, Upload
from pacs_proxy.errors import NotFound, Refused
from pacs_proxy.ingest.deleted import INSTANCE, SERIES, STUDY
from pacs_proxy.ingest.deletion import KIND, Deletions, deleted
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.jobs import PROMPT, Claimed, Jobs, Later, Runner
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.interest import Interest
from tests.fakes.store import orthanc_id
from tests.real.studies import Held, Kept


class Shelf:
    """Stands for client and instances: answers as Orthanc does, and remembers what is asked."""

    def __init__(self) -> None:
        self.held: list[Held] = []
        self.keeps = False
        self.purged: list[Description] = []

    def add(self, study: int, series: int, number: int) -> Held:
        names = [orthanc_id(str(study)), orthanc_id(str(study), str(series))]
        instance = orthanc_id(str(study), str(series), str(number))
        self.held.append(Held(names[0], names[1], instance, b"x"))
        return self.held[-1]

    def get(self, path: str, _: Interest) -> Any:
        level, resource, *rest = path.strip("/").split("/")
        found = self._at(level, resource)
        if not found:
            raise NotFound("x")
        if rest or level == INSTANCE:
            every = [
                {"ID": h.instance, "ParentSeries": h.series, "FileSize": 1, "FileUuid": "u"}
                for h in found
            ]
            return every if rest else every[0]
        return {"ID": resource, "ParentStudy": found[0].study}

    def delete(self, level: str, resource: str, _: Interest) -> bool:
        found = self._at(level, resource)
        if not self.keeps:
            self.held = [h for h in self.held if h not in found]
        return bool(found)

    def purge(self, gone: Iterable[Description]) -> None:
        self.purged.extend(gone)

    def _at(self, level: str, resource: str) -> list[Held]:
        name = {STUDY: "study", SERIES: "series", INSTANCE: "instance"}[level]
        return [h for h in self.held if getattr(h, name) == resource]


class Bench:
    def __init__(self, database: Database, folder: Path) -> None:
        self.ahead = 0.0
        self.database, self.shelf = database, Shelf()
        self.jobs = Jobs(database, lambda: time.time() + self.ahead)
        staging = Staging(folder / "uploads")
        self.deletions = Deletions(database, self.jobs, staging, self.shelf, self.shelf)  # type: ignore[arg-type]
        self.kept = Kept(database, staging.folder)
        self.kept.batch("b")

    def ask(self, level: str, resource: str) -> int:
        return self.deletions.ask(level, resource, Interest())

    def work(self) -> bool:
        return Runner(self.jobs, {KIND: self.deletions}, []).run_next((PROMPT,))

    def finish(self, job: int) -> None:
        """However often it put itself off."""
        while self.deletions.find(job).state != "done":
            self.ahead += 1
            assert self.work()

    def rows(self, kind: type[Upload] | type[Result] | type[StudyLabel]) -> int:
        with self.database.read() as session:
            return len(session.scalars(select(kind)).all())


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    return Bench(database, tmp_path)


def test_a_study_goes_with_its_rows_files_and_labels(bench: Bench) -> None:
    mine = [bench.shelf.add(1, 1, n) for n in range(3)]
    other = bench.shelf.add(2, 1, 1)
    for held in [*mine, other]:
        made = bench.kept.uploads / f"{bench.kept.upload('b', [held])}.dicom"
        made.mkdir()
        (made / "1-capture.dcm").touch()
        bench.kept.label(held.study, f"USB_{held.instance[:8]}")
    job = bench.ask(STUDY, mine[0].study)
    assert bench.ask(STUDY, mine[0].study) == job
    assert bench.work()
    found = bench.deletions.find(job)
    assert (found.state, found.deleted) == (
        "done",
        {"instances": 3, "uploads": 3, "results": 3, "labels": 3},
    )
    assert bench.shelf.held == [other]
    assert len(bench.shelf.purged) == 3
    assert [bench.rows(kind) for kind in (Upload, Result, StudyLabel)] == [1, 1, 1]
    assert len(bench.kept.staged()) == 1
    assert bench.ask(STUDY, mine[0].study) == job
    assert not bench.work()


@pytest.mark.parametrize("level", [SERIES, INSTANCE])
def test_the_rest_of_a_study_stays(bench: Bench, level: str) -> None:
    mine, other = bench.shelf.add(1, 1, 1), bench.shelf.add(1, 2, 1)
    for held in (mine, other):
        bench.kept.upload("b", [held])
    bench.kept.label(mine.study)
    job = bench.ask(level, mine.series if level == SERIES else mine.instance)
    assert bench.work()
    assert bench.deletions.find(job).deleted["labels"] == 0
    assert bench.shelf.held == [other]
    assert [bench.rows(kind) for kind in (Upload, Result, StudyLabel)] == [1, 1, 1]


def test_what_nobody_knows_is_not_found(bench: Bench) -> None:
    for level in (STUDY, SERIES, INSTANCE):
        with pytest.raises(NotFound):
            bench.ask(level, orthanc_id("none"))
    with pytest.raises(NotFound):
        bench.deletions.find(7)


def test_rows_of_what_the_archive_lost_by_itself_can_be_removed(bench: Bench) -> None:
    held = bench.shelf.add(1, 1, 1)
    bench.kept.upload("b", [held])
    bench.shelf.held.clear()
    job = bench.ask(STUDY, held.study)
    assert bench.work()
    assert bench.deletions.find(job).deleted["results"] == 1
    assert bench.rows(Upload) == 0


def test_an_archive_that_says_yes_and_keeps_it_is_not_believed(bench: Bench) -> None:
    held = bench.shelf.add(1, 1, 1)
    bench.kept.upload("b", [held])
    bench.shelf.keeps = True
    job = bench.ask(STUDY, held.study)
    assert bench.work()
    found = bench.deletions.find(job)
    assert found.state == "queued"
    assert str(found.detail) == str(Refused("The archive still holds what it was to delete."))
    assert bench.rows(Result) == 1


def test_what_was_sent_before_is_not_stored_after_and_what_comes_later_waits(
    bench: Bench,
) -> None:
    held, before = bench.shelf.add(1, 1, 1), time.time()
    job = bench.ask(STUDY, held.study)
    with bench.database.read() as session:
        asked = session.get_one(Job, job).created
        assert deleted(session, held.study, before) == {held.study}
        with pytest.raises(Later):
            deleted(session, held.study, asked + 1)
        assert not deleted(session, orthanc_id("other"), before)
    assert bench.work()
    with bench.database.read() as session:
        assert deleted(session, held.study, before) == {held.study}
        assert not deleted(session, held.study, asked + 1)


@pytest.mark.parametrize("level", [SERIES, INSTANCE])
def test_deleting_a_part_of_a_study_keeps_nothing_else_of_it_out(bench: Bench, level: str) -> None:
    held, before = bench.shelf.add(1, 1, 1), time.time()
    gone = held.series if level == SERIES else held.instance
    bench.ask(level, gone)
    with bench.database.read() as session, pytest.raises(Later):
        deleted(session, held.study, before, "another series")
    assert bench.work()
    with bench.database.read() as session:
        assert deleted(session, held.study, before, "another series") == {gone}


def storing(bench: Bench, held: Held) -> Claimed:
    """An upload whose file is just being sent: there is no result of it yet."""
    upload = bench.kept.upload("b", [], state="storing")
    with bench.database.write() as session:
        [job] = session.scalars(select(Job).where(Job.upload_id == upload))
        job.not_before, job.study_id = 0.0, held.study
    claimed = bench.jobs.claim("test", ("small",))
    assert claimed
    return claimed


@pytest.mark.parametrize("level", [SERIES, INSTANCE])
def test_what_is_being_stored_of_the_study_is_stopped_before_a_part_of_it_goes(
    bench: Bench, level: str
) -> None:
    held, other = bench.shelf.add(1, 1, 1), bench.shelf.add(1, 2, 1)
    claimed = storing(bench, held)
    job = bench.ask(level, held.series if level == SERIES else held.instance)
    bench.work()
    assert bench.shelf.held == [held, other], "deleted under the one who stores"
    bench.jobs.look([claimed])
    assert claimed.lost.is_set()
    bench.jobs.release(claimed)
    bench.finish(job)
    assert bench.shelf.held == [other]
    # It goes on, and learns of the deletion if it was of that part.
    again = bench.jobs.claim("test", ("small",))
    assert again
    assert (again.upload_id, again.study_id) == (claimed.upload_id, held.study)
    assert bench.jobs.claim("test", ("small",)) is None
    assert bench.rows(Upload) == 1
    assert bench.kept.staged() == {claimed.upload_id}


def test_what_was_stopped_for_a_deletion_that_fails_goes_on_once(bench: Bench) -> None:
    held = bench.shelf.add(1, 1, 1)
    stopped = storing(bench, held)
    bench.ask(SERIES, held.series)
    bench.work()
    bench.jobs.release(stopped)
    bench.ahead += 1
    deletion = bench.jobs.claim("test", (PROMPT,))
    assert deletion
    for _ in range(2):
        bench.deletions.given_up(deletion)
    claims = [bench.jobs.claim("test", ("small",)) for _ in range(2)]
    assert [again and again.upload_id for again in claims] == [stopped.upload_id, None]
