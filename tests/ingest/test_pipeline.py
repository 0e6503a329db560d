"""Each file ends in the archive, proven, or with words that say why not; and none is lost."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pacs_proxy.archive.studies import Studies
from pacs_proxy.database import Database, Result, Upload
from pacs_proxy.jobs import Claimed
from pacs_proxy.upstream.interest import Interest
from tests.fakes import FakeOrthanc, faults
from tests.fakes.exchange import Fault
from tests.fakes.plan import Always, Never, Scripted
from tests.fakes.wire import Reply, json_reply
from tests.ingest import dicom as make
from tests.ingest.dicom import EXPLICIT, JPEG, Coding, dicom
from tests.ingest.world import World
from tests.upstream.archive_client import archive
from tests.upstream.world import control_in
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PLAIN = Coding()
STORING = {"instances"}
CT = dicom(sop="1.2.3.1")
DIRECTORY = make.file_header(EXPLICIT, sop_class="1.2.840.10008.1.3.10")
UNREADABLE = json_reply({"HttpStatus": 400, "OrthancStatus": 15}, 400)


def _zip(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive_:
        for name, data in members.items():
            archive_.writestr(name, data)
    return packed.getvalue()


def _held(orthanc: FakeOrthanc) -> list[bytes]:
    return [stored.data for stored in orthanc.store]


def test_a_file_is_stored_proven_and_named(world: World, orthanc: FakeOrthanc) -> None:
    name = world.send(CT)
    world.work()
    assert _held(orthanc) == [CT]
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
        many = world.send(_zip(a=CT, b=dicom(sop="1.2.3.2"), c=b"text", d=b""))
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
    assert _held(orthanc) == [CT]
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
    for data in (CT, dicom(sop="1.2.3.9", pixels=make.native(PLAIN, 3 << 20)), _zip(a=CT)):
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


def test_while_the_archive_is_away_files_are_kept_and_go_on_by_themselves(
    world: World, orthanc: FakeOrthanc
) -> None:
    orthanc.kill()
    names = [world.send(dicom(sop=f"1.2.3.{n}")) for n in range(3)]
    names.append(world.send(_zip(a=dicom(sop="1.2.3.7"), b=dicom(sop="1.2.3.8"))))
    world.work()
    for name in names:
        upload = world.upload(name)
        assert (upload.state, upload.code) == ("kept", "archive_unreachable")
        assert str(upload.detail).startswith("Kept safely")
    assert len(world.queued()) == 4
    orthanc.start()
    _await_return(world)
    world.now += 3
    world.work()
    # The first success calls the others; nobody has to wait out his time.
    assert {world.upload(name).state for name in names} == {"done"}
    assert len(_held(orthanc)) == 5
    assert {row.outcome for row in world.results()} == {"stored"}


def _await_return(world: World) -> None:
    """Until the client has seen that the archive is back: it looks every quarter second."""

    def is_back() -> bool:
        studies = Studies(world.client, world.client.describe, lambda _: None)
        return studies.is_orthanc(Interest())

    until(is_back)


def test_an_archive_that_goes_away_in_the_middle_of_a_disc_costs_nothing_twice(
    world: World, orthanc: FakeOrthanc
) -> None:
    members = {f"IM{n}": dicom(sop=f"1.2.3.{n}") for n in range(6)}
    orthanc.plan = Scripted([None, None, faults.status(500), faults.status(500)], STORING)
    name = world.send(_zip(**members))
    orthanc.set_answer("GET /changes", {})
    world.work()
    world.now += 3600
    world.work()
    assert world.upload(name).state == "done"
    assert sorted(_held(orthanc)) == sorted(members.values())
    assert {row.outcome for row in world.results(name)} == {"stored"}
    assert [row.number for row in world.results(name)] == [1, 2, 3, 4, 5, 6]


LOST_ANSWERS: dict[str, Sequence[Fault]] = {
    "the answer is lost": [faults.vanish()],
    "the connection is reset": [faults.vanish(reset=True)],
    "the answer is cut": [faults.headers_cut()],
    "twice": [faults.vanish(), faults.fin_after(0.5)],
}


@pytest.mark.parametrize("how", LOST_ANSWERS)
def test_a_doubtful_answer_is_asked_about_and_not_sent_again(
    world: World, orthanc: FakeOrthanc, how: str
) -> None:
    orthanc.plan = Scripted(LOST_ANSWERS[how], STORING)
    name = world.send(CT)
    world.work()
    assert world.outcomes(name) == [("stored", None)]
    assert _held(orthanc) == [CT]
    assert orthanc.counts["instances"] == 1


def test_an_archive_that_goes_away_before_it_is_asked_for_proof_has_stored_it_for_us(
    world: World, orthanc: FakeOrthanc
) -> None:
    orthanc.plan = Scripted([None, *[faults.status(503)] * 500], {"info"})
    name = world.send(CT)
    world.work()
    assert (world.upload(name).state, _held(orthanc)) == ("kept", [CT])
    orthanc.plan = Never()
    world.now += 3600
    world.work()
    assert world.outcomes(name) == [("stored", None)]


def test_a_body_that_arrives_damaged_is_replaced_by_the_right_one(
    world: World, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, damaged = orthanc.store.add, iter([True])

    def add(instance: str, data: bytes, *rest: Any, **more: Any) -> Any:
        wrong = data[:-1] + bytes([data[-1] ^ 4]) if next(damaged, False) else data
        return real(instance, wrong, *rest, **more)

    monkeypatch.setattr(orthanc.store, "add", add)
    name = world.send(CT)
    world.work()
    assert world.outcomes(name) == [("stored", None)]
    assert _held(orthanc) == [CT]


def test_an_archive_that_changes_files_is_told_apart(
    world: World, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = orthanc.store.add
    monkeypatch.setattr(orthanc.store, "add", lambda i, d, **more: real(i, d + b"\0\0", **more))
    name = world.send(CT)
    world.work()
    (row,) = world.results(name)
    assert (row.outcome, row.code) == ("conflict", "changed_by_archive")
    assert (world.staging.folder / str(row.staged)).read_bytes() == CT


def test_where_the_archive_keeps_no_digest_its_bytes_are_read(
    world: World, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = orthanc.store.add
    monkeypatch.setattr(orthanc.store, "add", lambda i, d, **more: real(i, d, "", **more))
    name, other = world.send(CT), dicom(sop="1.2.3.1", pixels=make.native(PLAIN, 24)[:-2] + b"xy")
    world.work()
    assert world.outcomes(name) == [("stored", None)]
    clash = world.send(other)
    world.work()
    assert world.outcomes(clash) == [("conflict", "other_bytes")]


REFUSALS = {
    "unreadable": (UNREADABLE, "archive_cannot_read"),
    "filtered": (json_reply({"Status": "FilteredOut"}), "filtered"),
    "too large": (Reply(413), "too_large_for_archive"),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_what_the_archive_refuses_is_refused(world: World, orthanc: FakeOrthanc, how: str) -> None:
    reply, code = REFUSALS[how]
    orthanc.set_answer("POST /instances", reply)
    name = world.send(CT)
    world.work()
    assert (world.upload(name).state, world.outcomes(name)) == ("refused", [("refused", code)])


def test_a_full_archive_is_waited_for(world: World, orthanc: FakeOrthanc) -> None:
    orthanc.set_answer("POST /instances", Reply(507))
    name = world.send(CT)
    world.work()
    assert (world.upload(name).state, world.upload(name).code) == ("kept", "archive_full")
    del orthanc.answers["POST /instances"]
    world.now += 60
    world.work()
    assert world.outcomes(name) == [("stored", None)]


def test_a_file_that_breaks_the_archive_each_time_is_put_aside_in_the_end(
    world: World, orthanc: FakeOrthanc
) -> None:
    orthanc.plan = Always(faults.replied("breaks", Reply(500)), STORING)
    orthanc.set_answer("POST /instances", Reply(500))
    name = world.send(CT)
    for _ in range(25):
        world.work()
        world.now += 120
    assert (world.upload(name).state, world.upload(name).code) == ("refused", "gave_up")
    (row,) = world.results(name)
    assert (world.staging.folder / str(row.staged)).read_bytes() == CT
    assert not world.queued()


def test_settled_files_go_and_what_is_missing_is_stored_again(
    world: World, orthanc: FakeOrthanc
) -> None:
    kept, gone = world.send(CT), world.send(dicom(sop="1.2.3.2"))
    packed = world.send(_zip(a=dicom(sop="1.2.3.3"), b=dicom(sop="1.2.3.4")))
    world.work()
    for name in (gone, packed):
        orthanc.store.remove(str(world.results(name)[-1].instance))
    assert len(_held(orthanc)) == 2
    world.settle()
    assert len(_held(orthanc)) == 4
    assert not world.staging.path(kept).exists()
    assert world.staging.path(gone).exists()  # it is looked at once more
    world.settle()
    assert all(row.settled for row in world.results())
    assert not list(world.staging.folder.iterdir())


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


def test_nothing_settles_while_the_archive_is_away(world: World, orthanc: FakeOrthanc) -> None:
    name = world.send(CT)
    world.work()
    orthanc.kill()
    world.settle()
    assert world.staging.path(name).exists()
    orthanc.start()
    deadline = time.monotonic() + PATIENCE
    while world.staging.path(name).exists():
        assert time.monotonic() < deadline
        world.settle()


def test_what_was_deleted_on_purpose_does_not_come_back(world: World, orthanc: FakeOrthanc) -> None:
    name = world.send(CT)
    world.work()
    (row,) = world.results(name)
    orthanc.store.remove(str(row.instance))
    with world.database.write() as session:
        session.delete(session.get(Result, row.id))
    world.settle()
    assert not _held(orthanc)


def test_a_cancelled_upload_is_not_sent(
    world: World, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pacs_proxy.database import Job

    name = world.send(CT)
    real = world.depositor._find

    def find(instance: str) -> Any:
        """Cancelled while the archive is asked whether it has it."""
        with world.database.write() as session:
            world.jobs.cancel(session, Job.upload_id == name)
        return real(instance)

    monkeypatch.setattr(world.depositor, "_find", find)
    world.work()
    assert not _held(orthanc)
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
        assert sorted(_held(orthanc)) == sorted(made)
        orthanc.store.remove(str(world.results(name)[0].instance))
        world.settle()
        assert sorted(_held(orthanc)) == sorted(made)
        world.settle()
        assert not list(world.staging.folder.iterdir())


def test_no_name_reaches_a_log(
    world: World, caplog: pytest.LogCaptureFixture, orthanc: FakeOrthanc
) -> None:
    caplog.set_level("DEBUG")
    orthanc.plan = Scripted([faults.vanish()], STORING)
    for data in (CT, CT[:-9], b"text", _zip(**{"PATIENT^NAME": dicom(sop="1.2.3.2")})):
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
