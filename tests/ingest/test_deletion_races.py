"""Whatever a deletion meets on its way, what it deleted does not come back.

PostgreSQL's transactions run beside each other, SQLite's writers in turn: where the difference
matters, the deletion comes exactly between the look for deletions and its commit.
"""

from __future__ import annotations

import threading
import zipfile
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pacs_proxy.database import Database, Result, Upload
from pacs_proxy.errors import NotFound
from pacs_proxy.ingest import crew, work
from pacs_proxy.ingest.conflicts import KIND as REPLACE_KIND
from pacs_proxy.ingest.conflicts import REPLACE, Conflicts
from pacs_proxy.ingest.deleted import SERIES, STUDY
from pacs_proxy.ingest.deletion import KIND, Deletions
from pacs_proxy.ingest.shield import examine
from pacs_proxy.ingest.source import BytesSource
from pacs_proxy.ingest.walk import Limits
from pacs_proxy.jobs import PROMPT
from pacs_proxy.settings import Settings
from pacs_proxy.upstream.interest import Interest
from tests.fakes.store import orthanc_id
from tests.ingest.dicom import EXPLICIT, Coding, dicom, file_header, identifiers, native, picture
from tests.ingest.world import World
from tests.postgres import Postgres, somebody_waits
from tests.upstream.archive_client import archive
from tests.upstream.world import control_in
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from pacs_proxy.upstream.answers import Description
    from tests.fakes import FakeOrthanc

FILE, OTHER = dicom(sop="1.2.3.1"), dicom(sop="1.2.3.1", pixels=native(Coding(), 240))
FOUND = examine(BytesSource(FILE), Limits()).identity


class Shelf:
    """Deletions' side of the fake archive, by the identifiers that Orthanc makes of the tags."""

    def __init__(self, orthanc: FakeOrthanc) -> None:
        self._store = orthanc.store

    def get(self, path: str, _: Interest) -> Any:
        level, resource, *rest = path.strip("/").split("/")
        if not (found := self._at(level, resource)):
            raise NotFound("x")
        files = [{"ID": one, "FileSize": 1, "FileUuid": "u"} for one in found]
        return files if rest else {"ID": resource, "ParentStudy": FOUND.study}

    def delete(self, level: str, resource: str, _: Interest) -> None:
        for instance in self._at(level, resource):
            self._store.remove(instance)

    def purge(self, gone: Iterable[Description]) -> None:
        """There is no spool here."""

    def _at(self, level: str, resource: str) -> list[str]:
        depth = {STUDY: 1, SERIES: 2}[level]
        uids = ("StudyInstanceUID", "SeriesInstanceUID")[:depth]
        named = {one.id: [one.tags[uid] for uid in uids] for one in self._store}
        return [one for one, names in named.items() if orthanc_id("P1", *names) == resource]


class Deleter:
    """Somebody who deletes; `before_rows` is called when the archive has deleted all there was."""

    def __init__(self, world: World, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch) -> None:
        self._world, self.over = world, threading.Event()
        shelf: Any = Shelf(orthanc)
        self._deletions = Deletions(world.database, world.jobs, world.staging, shelf, shelf)
        world.runner._handlers = {**world.runner._handlers, KIND: self._deletions}
        self.before_rows: Callable[[], object] = lambda: None
        real = self._deletions._forget

        def forget(*told: Any) -> None:
            self.before_rows()
            real(*told)

        monkeypatch.setattr(self._deletions, "_forget", forget)

    def delete(self, level: str, resource: str) -> None:
        """Ask for it, and work on it once; what waits for others comes again later."""
        self._deletions.ask(level, resource, Interest())
        assert self._world.runner.run_next((PROMPT,))

    def begin(self, level: str, resource: str) -> threading.Thread:
        """The same on a thread; `over` is set when it has ended, however it did."""

        def run() -> None:
            try:
                self.delete(level, resource)
            finally:
                self.over.set()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread


def rest(world: World) -> None:
    """All that is put off comes, and what is stored is looked at once more."""
    for _ in range(5):
        world.now += 60
        world.work()
    world.settle()


@pytest.fixture
def beside(postgres: Postgres, orthanc: FakeOrthanc, tmp_path: Path) -> Iterator[World]:
    """The pipeline on PostgreSQL."""
    address = Settings(database_url=postgres.make_with_tables()).database_address
    with (
        closing(Database(address)) as database,
        control_in(tmp_path) as control,
        archive(orthanc, control) as found,
    ):
        yield World(database, found.client, tmp_path)


def _held(orthanc: FakeOrthanc) -> list[bytes]:
    return [stored.data for stored in orthanc.store]


def _rows(world: World) -> Sequence[Result]:
    with world.database.read() as session:
        return session.scalars(select(Result)).all()


@pytest.mark.parametrize("level", [STUDY, SERIES])
@pytest.mark.parametrize("light", [False, True])
def test_a_deletion_that_comes_between_look_and_commit_waits_and_stops_the_file(
    beside: World,
    orthanc: FakeOrthanc,
    monkeypatch: pytest.MonkeyPatch,
    level: str,
    light: bool,
) -> None:
    names = [beside.send(dicom(sop=f"1.2.3.{n}"), light=light) for n in (1, 2)]
    module: Any = crew if light else work
    deleter, real = Deleter(beside, orthanc, monkeypatch), module.deleted
    threads: list[threading.Thread] = []
    # Something of it must be there, or nobody could ask for it to be deleted.
    older = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.3"}
    orthanc.store.add(orthanc_id("older"), b"x", tags=older)

    def looked(session: Session, *asked: Any) -> frozenset[str]:
        """The look is done and its transaction still open when the deletion comes."""
        found: frozenset[str] = real(session, *asked)
        if not threads:
            threads.append(deleter.begin(level, FOUND.study if level == STUDY else FOUND.series))
            until(lambda: deleter.over.is_set() or somebody_waits(beside.database))
        return found

    monkeypatch.setattr(module, "deleted", looked)
    beside.work()
    threads[0].join(PATIENCE)
    rest(beside)
    assert not _held(orthanc)
    assert not _rows(beside)
    with beside.database.read() as session:
        states = set(session.scalars(select(Upload.state).where(Upload.id.in_(names))))
    assert states <= {"cancelled"}


def test_what_settles_is_not_stored_again_while_it_is_being_deleted(
    world: World, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send(FILE)
    world.work()
    orthanc.store.remove(str(_rows(world)[0].instance))
    deleter, real = Deleter(world, orthanc, monkeypatch), world.client.store
    reached, may_go_on, threads = threading.Event(), threading.Event(), list[threading.Thread]()

    def wait() -> None:
        reached.set()
        may_go_on.wait(PATIENCE)

    deleter.before_rows = wait

    def store(*told: Any) -> Any:
        """Sent when the archive has deleted it and its rows are still there."""
        if not threads:
            threads.append(deleter.begin(STUDY, FOUND.study))
            until(lambda: reached.is_set() or deleter.over.is_set())
        return real(*told)

    monkeypatch.setattr(world.client, "store", store)
    world.settle()
    may_go_on.set()
    threads[0].join(PATIENCE)
    assert reached.is_set()
    rest(world)
    assert not _held(orthanc)
    assert not _rows(world)


def test_what_an_administrator_chooses_while_it_is_being_deleted_is_not_stored(
    world: World, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    conflicts = Conflicts(world.ingest, world.depositor, world.client, world.jobs, world.clock)
    world.runner._handlers = {**world.runner._handlers, REPLACE_KIND: conflicts}
    for data in (FILE, OTHER):
        world.send(data)
        world.work()
    [conflict] = conflicts.open()
    deleter, chosen = Deleter(world, orthanc, monkeypatch), list[str]()

    def choose() -> None:
        chosen.append(conflicts.decide(conflict.result.id, REPLACE))
        assert world.runner.run_next((PROMPT,))

    deleter.before_rows = choose
    deleter.delete(STUDY, FOUND.study)
    assert chosen == ["replacing"]
    rest(world)
    assert not _held(orthanc)
    assert not _rows(world)
    assert not list(world.staging.folder.iterdir())


def test_of_a_disc_with_two_studies_the_one_that_is_deleted_meanwhile_stays_away(
    world: World, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = _of_another_study()
    disc = BytesIO()
    with zipfile.ZipFile(disc, "w") as packed:
        packed.writestr("1", FILE)
        packed.writestr("2", other)
    name, deleter = world.send(disc.getvalue()), Deleter(world, orthanc, monkeypatch)
    real, sent = world.client.store, list[bytes]()

    def store(*told: Any) -> Any:
        sent.append(b"")
        if len(sent) == 2:
            deleter.delete(STUDY, FOUND.study)
        return real(*told)

    monkeypatch.setattr(world.client, "store", store)
    world.work()
    rest(world)
    assert _held(orthanc) == [other]
    assert {(row.number, row.outcome) for row in world.results(name)} == {
        (1, "skipped"),
        (2, "stored"),
    }


def _of_another_study() -> bytes:
    code = Coding()
    named = identifiers(code, sop="1.2.4.1", series="1.2.4", study="1.3")
    return file_header(EXPLICIT, sop_uid="1.2.4.1") + named + picture(code) + native(code)
