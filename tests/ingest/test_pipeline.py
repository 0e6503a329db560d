"""Each file ends in the archive, proven, or with words that say why not; and none is lost."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pacs_proxy.database import Database, Job, Result, Upload
from pacs_proxy.ingest.reopening import opened
from pacs_proxy.jobs import Claimed
from tests.fakes import FakeOrthanc, faults
from tests.fakes.plan import Scripted
from tests.fakes.wire import json_reply
from tests.ingest import dicom as make
from tests.ingest.dicom import EXPLICIT, JPEG, Coding, dicom
from tests.ingest.world import World
from tests.upstream.archive_client import archive
from tests.upstream.world import control_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PLAIN = Coding()
STORING = {"instances"}
CT = dicom(sop="1.2.3.1")
DIRECTORY = make.file_header(EXPLICIT, sop_class="1.2.840.10008.1.3.10")
UNREADABLE = json_reply({"HttpStatus": 400, "OrthancStatus": 15}, 400)


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive_:
        for name, data in members.items():
            archive_.writestr(name, data)
    return packed.getvalue()


def held(orthanc: FakeOrthanc) -> list[bytes]:
    return [stored.data for stored in orthanc.store]


def test_a_file_is_stored_proven_and_named(world: World, orthanc: FakeOrthanc) -> None:
    name = world.send(CT)
    world.work()
    assert held(orthanc) == [CT]
    upload, (row,) = world.upload(name), world.results(name)
    assert (upload.state, upload.kind, upload.code) == ("done", "dicom", None)
    (stored,) = orthanc.store
    assert (row.outcome, row.instance, row.md5, row.size) == (
        "stored",
        stored.id,
        stored.md5,
        len(CT),
    )
    assert world.labels() == {(row.study, "USB_20261126_1")}
    assert world.staging.path(name).read_bytes() == CT


def test_it_works_on_either_database(
    database: Database, orthanc: FakeOrthanc, tmp_path: Path
) -> None:
    with control_in(tmp_path) as control, archive(orthanc, control) as found:
        world = World(database, found.client, tmp_path)
        one = world.send(CT)
        many = world.send(zipped(a=CT, b=dicom(sop="1.2.3.2"), c=b"text", d=b""))
        world.work()
        assert world.outcomes(one) == [("stored", None)]
        outcomes = [outcome for outcome, _ in world.outcomes(many)]
        assert outcomes == ["duplicate", "stored", "skipped", "refused"]
        world.settle()
        assert all(row.settled for row in world.results())


def test_the_same_file_again_is_already_there(world: World, orthanc: FakeOrthanc) -> None:
    world.send(CT)
    world.work()
    again = world.send(CT)
    world.work()
    assert world.outcomes(again) == [("duplicate", None)]
    assert orthanc.counts["instances"] == 1  # it was not sent a second time


def test_other_bytes_of_the_same_name_are_kept_and_shown_as_a_conflict(
    world: World, orthanc: FakeOrthanc
) -> None:
    world.send(CT)
    world.work()
    other = dicom(sop="1.2.3.1", pixels=make.native(PLAIN, 240))
    name = world.send(other)
    world.work()
    (row,) = world.results(name)
    assert (row.outcome, row.code) == ("conflict", "other_bytes")
    assert held(orthanc) == [CT]
    world.settle()
    assert not world.staging.path(name).exists()
    assert (world.staging.folder / str(row.staged)).read_bytes() == other


@pytest.mark.parametrize(
    ("data", "state", "outcome", "code"),
    [
        (dicom(before=PLAIN.nested(60)), "refused", "refused", "too_deep"),
        (CT[:-9], "refused", "refused", "truncated"),
        (b"", "refused", "refused", "empty"),
        (b"\x1f\x8b\x08" + bytes(30), "refused", "refused", "packed"),
        (b"PK\3\4 and no more", "refused", "refused", "archive_damaged"),
        (b"[autorun]\nopen=viewer.exe\n", "skipped", "skipped", "not_an_image"),
        (DIRECTORY, "skipped", "skipped", "directory"),
        (b"II*\0" + bytes(100), "refused", "refused", "tiff"),
    ],
)
def test_what_is_not_stored_says_why_and_its_bytes_go(
    world: World, orthanc: FakeOrthanc, data: bytes, state: str, outcome: str, code: str
) -> None:
    name = world.send(data)
    world.work()
    upload, (row,) = world.upload(name), world.results(name)
    assert (upload.state, upload.code, row.outcome, row.code) == (state, code, outcome, code)
    assert upload.detail == row.detail
    assert str(row.detail).endswith(".")
    assert not orthanc.requests
    world.settle()
    assert not world.staging.path(name).exists()


def test_bytes_that_changed_on_our_disk_are_not_sent(world: World, orthanc: FakeOrthanc) -> None:
    for data in (CT, dicom(sop="1.2.3.9", pixels=make.native(PLAIN, 3 << 20)), zipped(a=CT)):
        name = world.send(data)
        path = world.staging.path(name)
        path.write_bytes(data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])
        world.work()
        assert world.outcomes(name) == [("refused", "staged_damaged")]
    assert not len(orthanc.store)


def test_a_file_that_is_gone_from_our_disk_is_said_to_be(world: World) -> None:
    name = world.send(CT)
    world.staging.discard(name)
    world.work()
    assert world.outcomes(name) == [("refused", "staged_damaged")]


def test_settled_files_go_and_what_is_missing_is_stored_again(
    world: World, orthanc: FakeOrthanc
) -> None:
    kept, gone = world.send(CT), world.send(dicom(sop="1.2.3.2"))
    packed = world.send(zipped(a=dicom(sop="1.2.3.3"), b=dicom(sop="1.2.3.4")))
    world.work()
    for name in (gone, packed):
        orthanc.store.remove(str(world.results(name)[-1].instance))
    assert len(held(orthanc)) == 2
    world.settle()
    assert len(held(orthanc)) == 4
    assert not world.staging.path(kept).exists()
    assert world.staging.path(gone).exists()  # it is looked at once more
    world.settle()
    assert all(row.settled for row in world.results())
    assert not list(world.staging.folder.iterdir())


def test_what_vanishes_while_it_is_looked_at_keeps_nothing_else_from_going(world: World) -> None:
    """Unpacked members and cancelled uploads do; a link to nothing is listed like them."""
    name = world.send(CT)
    world.work()
    for left in ("1.member", "1.part"):
        (world.staging.folder / left).symlink_to("gone")
    for _ in range(25):
        world.settle()
    assert not world.staging.path(name).exists()
    with world.database.read() as session:
        assert session.scalars(select(Job.state).where(Job.kind == "settle")).all() == ["queued"]


def test_a_file_just_put_aside_stays_however_old_its_bytes_are(world: World) -> None:
    name = world.send(CT)
    os.utime(world.staging.path(name), (1.0, 1.0))
    kept = world.staging.folder / f"{name}-0.kept"
    with opened(world.staging.path(name)) as staged:
        staged.keep(kept)
    world.settle(0)
    assert kept.read_bytes() == CT
    world.settle()
    assert not kept.exists()


def test_a_file_that_was_replaced_in_the_archive_meanwhile_is_a_conflict(
    world: World, orthanc: FakeOrthanc
) -> None:
    name = world.send(CT)
    world.work()
    instance = str(world.results(name)[0].instance)
    orthanc.store.overwrite(instance, dicom(sop="1.2.3.1", pixels=make.native(PLAIN, 240)))
    world.settle()
    (row,) = world.results(name)
    assert (row.outcome, row.code) == ("conflict", "other_bytes")
    assert (world.staging.folder / str(row.staged)).read_bytes() == CT


def test_what_was_deleted_on_purpose_does_not_come_back(world: World, orthanc: FakeOrthanc) -> None:
    name = world.send(CT)
    world.work()
    (row,) = world.results(name)
    orthanc.store.remove(str(row.instance))
    with world.database.write() as session:
        session.delete(session.get(Result, row.id))
    world.settle()
    assert not held(orthanc)


def test_a_cancelled_upload_is_not_sent(
    world: World, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = world.send(CT)
    real = world.depositor._find

    def find(instance: str) -> Any:
        """Cancelled while the archive is asked whether it has it."""
        with world.database.write() as session:
            world.jobs.cancel(session, Job.upload_id == name)
        return real(instance)

    monkeypatch.setattr(world.depositor, "_find", find)
    world.work()
    assert not held(orthanc)
    assert not world.results(name)


def _converted(sources: Sequence[bytes]) -> Callable[..., Sequence[Path]]:
    def convert(
        source: Path, out: Path, upload: Upload, progress: Callable[[int, int], None]
    ) -> Sequence[Path]:
        assert upload.target == {"study": "x"}
        made = [out / f"{number}.dcm" for number in range(len(sources))]
        for path, data in zip(made, sources, strict=True):
            path.write_bytes(data)
            progress(1, 2)
        return made

    return convert


def test_a_tiff_is_converted_and_each_instance_stored(
    plain_database: Database, orthanc: FakeOrthanc, tmp_path: Path
) -> None:
    made = [CT, dicom(JPEG, sop="1.2.3.2")]
    with control_in(tmp_path) as control, archive(orthanc, control) as found:
        world = World(plain_database, found.client, tmp_path, _converted(made))
        name = world.send(b"II*\0" + bytes(64), target={"study": "x"})
        world.work()
        assert world.outcomes(name) == [("stored", None)] * 2
        assert sorted(held(orthanc)) == sorted(made)
        orthanc.store.remove(str(world.results(name)[0].instance))
        world.settle()
        assert sorted(held(orthanc)) == sorted(made)
        # Cancelled while it was being converted, an upload leaves this.
        world.staging.converted("0" * 32).mkdir()
        world.settle()
        assert not list(world.staging.folder.iterdir())


def test_no_name_reaches_a_log(
    world: World, caplog: pytest.LogCaptureFixture, orthanc: FakeOrthanc
) -> None:
    caplog.set_level("DEBUG")
    orthanc.plan = Scripted([faults.vanish()], STORING)
    for data in (CT, CT[:-9], b"text", zipped(**{"PATIENT^NAME": dicom(sop="1.2.3.2")})):
        world.send(data)
    world.work()
    world.settle()
    for record in caplog.records:
        assert "PATIENT" not in repr(record.__dict__)
        assert "1.2.3" not in repr(record.__dict__)


def test_a_worker_that_lost_its_job_writes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = world.send(CT)

    def lose(self: Claimed, session: Any) -> None:
        self.jobs.change(session, self, owner="another")
        self.jobs.end(session, self, "done")

    monkeypatch.setattr(Claimed, "finish", lose)
    world.work()
    assert not world.results(name)
