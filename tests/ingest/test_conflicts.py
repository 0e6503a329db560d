"""Two files of one name: both are kept, shown, and nothing is lost whatever is decided."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pacs_proxy.errors import NotFound
from pacs_proxy.errors.uploads import UploadFinished
from pacs_proxy.ingest.conflicts import KEEP, KIND, REPLACE, Conflicts
from pacs_proxy.ingest.deposit import Depositor
from pacs_proxy.jobs import PROMPT
from pacs_proxy.upstream.interest import Interest
from tests.fakes import faults
from tests.fakes.plan import Scripted
from tests.fakes.wire import json_reply
from tests.ingest import dicom as make
from tests.ingest.dicom import Coding, dicom
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.fakes import FakeOrthanc
    from tests.ingest.world import World

PLAIN = Coding()
OLD = dicom(sop="1.2.3.1")
NEW = dicom(
    sop="1.2.3.1",
    before=PLAIN.element(0x00100010, b"PN", b"Right^Name"),
    pixels=make.native(PLAIN, 240),
)


@pytest.fixture
def conflicts(world: World) -> Conflicts:
    made = Conflicts(world.ingest, world.depositor, world.client, world.jobs, world.clock)
    world.runner._handlers = {**world.runner._handlers, KIND: made}
    world.send(OLD)
    world.work()
    world.send(NEW)
    world.work()
    return made


def _only(conflicts: Conflicts) -> int:
    (found,) = conflicts.open()
    return found.result.id


def _held(orthanc: FakeOrthanc) -> list[bytes]:
    return [stored.data for stored in orthanc.store]


def _outcome(world: World, number: int) -> tuple[str, str | None]:
    (row,) = (row for row in world.results() if row.id == number)
    return row.outcome, row.code


def test_both_sides_are_shown_with_the_differences_first(
    conflicts: Conflicts, orthanc: FakeOrthanc
) -> None:
    number = _only(conflicts)
    instance = str(conflicts.open()[0].result.instance)
    name = {"Name": "PatientName", "Type": "String", "Value": "Wrong^Name"}
    patient = {"Name": "PatientID", "Type": "String", "Value": "P1"}
    tags = {"0010,0010": name, "0010,0020": patient, "7fe0,0010": {"Name": "x", "Value": None}}
    orthanc.set_answer(f"GET /instances/{instance}/tags", tags)
    sides = conflicts.show(number, Interest())
    assert sides.archive
    assert (sides.archive.size, sides.conflict.result.size) == (len(OLD), len(NEW))
    lines = {line["tag"]: (line["archive"], line["uploaded"]) for line in sides.lines}
    assert lines["0010,0010"] == ("Wrong^Name", "Right^Name")
    assert lines["0010,0020"] == ("P1", "P1")
    assert "7fe0,0010" not in lines
    alike = [line["archive"] == line["uploaded"] for line in sides.lines]
    assert alike == sorted(alike)


def test_keeping_the_archives_file_forgets_the_other(
    world: World, conflicts: Conflicts, orthanc: FakeOrthanc
) -> None:
    number = _only(conflicts)
    assert conflicts.decide(number, KEEP) == "kept"
    assert _outcome(world, number) == ("skipped", "archive_kept")
    assert _held(orthanc) == [OLD]
    assert not list(world.staging.folder.glob("*.kept"))
    assert not conflicts.open()
    with pytest.raises(NotFound):
        conflicts.decide(number, REPLACE)


def test_replacing_stores_and_proves_the_new_one(
    world: World, conflicts: Conflicts, orthanc: FakeOrthanc
) -> None:
    number = _only(conflicts)
    assert conflicts.decide(number, REPLACE) == "replacing"
    assert conflicts.decide(number, REPLACE) == "replacing"
    with pytest.raises(UploadFinished):
        conflicts.decide(number, KEEP)
    world.work()
    assert _held(orthanc) == [NEW]
    assert _outcome(world, number) == ("stored", "replaced")
    assert [path.read_bytes() for path in world.staging.folder.glob("*.earlier")] == [OLD]
    world.settle()
    world.settle()
    assert not list(world.staging.folder.iterdir())


def test_what_is_taken_out_of_the_archive_is_on_the_disk_before(
    world: World, conflicts: Conflicts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name as well: a file without one is not found again after a loss of power."""
    folder, synced, real = str(world.staging.folder), list[str](), Depositor.undo

    def sync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    def undo(depositor: Depositor, instance: str) -> None:
        assert [Path(name).suffix for name in synced] == [".earlier", ""]
        assert synced[1] == folder
        real(depositor, instance)

    conflicts.decide(_only(conflicts), REPLACE)
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, sync)
    monkeypatch.setattr(Depositor, "undo", undo)
    assert world.runner.run_next((PROMPT,))
    assert not conflicts.open()


def test_a_replacing_that_dies_anywhere_ends_with_the_new_one(
    world: World, conflicts: Conflicts, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = _only(conflicts)
    conflicts.decide(number, REPLACE)
    for name in ("undo", "deposit"):
        dies = iter([True])
        real = getattr(Depositor, name)

        def die(*args: Any, real: Any = real, dies: Any = dies, **more: Any) -> Any:
            result = real(*args, **more)
            if next(dies, False):
                raise RuntimeError
            return result

        monkeypatch.setattr(Depositor, name, die)
    for _ in range(4):
        world.now += 100
        world.work()
    assert _held(orthanc) == [NEW]
    assert _outcome(world, number) == ("stored", "replaced")


def test_an_archive_that_is_away_is_waited_for(
    world: World, conflicts: Conflicts, orthanc: FakeOrthanc
) -> None:
    number = _only(conflicts)
    conflicts.decide(number, REPLACE)
    orthanc.plan = Scripted([faults.vanish()] * 40, routes=None)
    world.work()
    orthanc.plan = Scripted([])
    deadline = time.monotonic() + PATIENCE
    while _outcome(world, number) == ("conflict", "replacing"):
        assert time.monotonic() < deadline
        world.now += 100
        world.work()
    assert _held(orthanc) == [NEW]
    assert _outcome(world, number) == ("stored", "replaced")


def test_a_new_file_that_the_archive_refuses_brings_the_old_one_back(
    world: World,
    conflicts: Conflicts,
    orthanc: FakeOrthanc,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = _only(conflicts)
    conflicts.decide(number, REPLACE)
    refusal = json_reply({"HttpStatus": 400, "OrthancStatus": 15}, 400)
    orthanc.plan = Scripted([faults.replied("refused", refusal)], {"instances"})
    real, taken = orthanc.store.add, iter([False])

    def add(instance: str, data: bytes, *rest: Any, **more: Any) -> Any:
        return real(instance, data, *rest, **more) if next(taken, True) else None

    monkeypatch.setattr(orthanc.store, "add", add)
    world.work()
    assert _held(orthanc) == [OLD]
    assert _outcome(world, number) == ("conflict", "replace_refused")
    assert len(conflicts.open()) == 1
