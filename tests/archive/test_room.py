"""The accounts of the spool: what is promised is counted, what is in use stays."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pacs_proxy.archive.room import Room, SpoolFull, promised
from pacs_proxy.archive.spool import Spool, SpoolFile
from pacs_proxy.control import Control
from tests.archive.opening import names

LIMIT = 1000
KEYS = st.sampled_from("abcdefgh")
SIZES = st.integers(1, LIMIT + 100)


class Accounts(RuleBasedStateMachine):
    """Two workers on one folder, doing anything in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.scratch = tempfile.TemporaryDirectory()
        folder = Path(self.scratch.name)
        self.controls = [Control(folder / "control") for _ in range(2)]
        self.spools = [Spool(folder, LIMIT, control) for control in self.controls]
        self.files = folder / "files"
        self.writing: dict[str, SpoolFile] = {}
        self.reading: list[SpoolFile] = []
        self.sizes: dict[str, int] = {}

    @rule(key=KEYS, size=SIZES, worker=st.integers(0, 1))
    def create(self, key: str, size: int, worker: int) -> None:
        size = self.sizes.setdefault(key, size)
        if key in self.writing:
            return
        in_use = {file.path for file in [*self.writing.values(), *self.reading]}
        try:
            self.writing[key] = self.spools[worker].create(key, size)
        except SpoolFull:
            used = sum(promised(path) for path in in_use if Path(path).exists())
            assert used + size > LIMIT, "there was room"
        else:
            self.reading = [f for f in self.reading if f.path != self.writing[key].path]

    @precondition(lambda self: self.writing)
    @rule(data=st.data(), share=st.floats(0, 1))
    def write(self, data: st.DataObject, share: float) -> None:
        file = self.writing[data.draw(st.sampled_from(sorted(self.writing)))]
        left = file.size - os.fstat(file.fd).st_size
        file.write(memoryview(bytes(int(left * share))))

    @precondition(lambda self: self.writing)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        file = self.writing.pop(data.draw(st.sampled_from(sorted(self.writing))))
        file.write(memoryview(bytes(file.size - os.fstat(file.fd).st_size)))
        assert file.is_verified
        file.close()

    @precondition(lambda self: self.writing)
    @rule(data=st.data(), worker=st.integers(0, 1))
    def give_up(self, data: st.DataObject, worker: int) -> None:
        file = self.writing.pop(data.draw(st.sampled_from(sorted(self.writing))))
        self.reading = [reader for reader in self.reading if reader.path != file.path]
        self.spools[worker].give_up(file)

    @precondition(lambda self: self.writing)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        """The kernel closes what a killed worker had open, and nothing else happens."""
        self.writing.pop(data.draw(st.sampled_from(sorted(self.writing)))).close()

    @rule(key=KEYS, worker=st.integers(0, 1))
    def read(self, key: str, worker: int) -> None:
        file = self.spools[worker].find(key, self.sizes.get(key, 1))
        if file:
            self.reading.append(file)

    @precondition(lambda self: self.reading)
    @rule()
    def stop_reading(self) -> None:
        self.reading.pop().close()

    @invariant()
    def what_is_counted_is_what_is_promised(self) -> None:
        promises = sum(promised(name) for name in names(self.files))
        assert self.controls[0].spool_used == self.controls[1].spool_used == promises

    @invariant()
    def the_limit_is_kept(self) -> None:
        assert self.controls[0].spool_used <= LIMIT

    @invariant()
    def nothing_in_use_makes_way(self) -> None:
        for file in [*self.writing.values(), *self.reading]:
            assert os.fstat(file.fd).st_nlink == 1

    def teardown(self) -> None:
        for file in [*self.writing.values(), *self.reading]:
            file.close()
        for control in self.controls:
            control.close()
        self.scratch.cleanup()


Accounts.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAccounts = Accounts.TestCase


@pytest.fixture
def room(tmp_path: Path, control: Control) -> Room:
    (tmp_path / "files").mkdir()
    return Room(tmp_path / "files", LIMIT, control)


def test_the_longest_unused_makes_way_first(room: Room, tmp_path: Path) -> None:
    for age, name in enumerate(["new.400", "old.400"]):
        os.close(room.create(f"{tmp_path}/files/{name}"))
        os.utime(tmp_path / "files" / name, (1000 - age, 1000 - age))
    os.close(room.create(f"{tmp_path}/files/next.300"))
    assert names(tmp_path / "files") == ["new.400", "next.300"]


def test_a_file_larger_than_the_spool_moves_nothing(room: Room, tmp_path: Path) -> None:
    os.close(room.create(f"{tmp_path}/files/a.400"))
    with pytest.raises(SpoolFull):
        room.create(f"{tmp_path}/files/b.{LIMIT + 1}")
    assert names(tmp_path / "files") == ["a.400"]


def test_eviction_recounts_what_a_killed_worker_left_wrong(
    room: Room, tmp_path: Path, control: Control
) -> None:
    os.close(room.create(f"{tmp_path}/files/a.400"))
    control.spool_used = 900
    os.close(room.create(f"{tmp_path}/files/b.500"))
    assert control.spool_used == sum(promised(n) for n in names(tmp_path / "files"))


@pytest.mark.parametrize(
    ("name", "size"), [("key.12", 12), ("key", 0), ("key.", 0), ("key.-1", 0), ("a.b.7", 7)]
)
def test_the_promise_is_in_the_name(name: str, size: int) -> None:
    assert promised(name) == size
