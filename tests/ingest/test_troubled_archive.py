"""An archive that is away, breaks off, refuses or is full: nothing is lost nor stored twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pacs_proxy.archive.studies import Studies
from pacs_proxy.upstream.interest import Interest
from tests.fakes import FakeOrthanc, faults
from tests.fakes.exchange import Fault
from tests.fakes.plan import Always, Never, Scripted
from tests.fakes.wire import Reply, json_reply
from tests.ingest import dicom as make
from tests.ingest.dicom import dicom
from tests.ingest.test_pipeline import CT, PLAIN, STORING, UNREADABLE, held, zipped
from tests.ingest.world import World
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Sequence


def test_while_the_archive_is_away_files_are_kept_and_go_on_by_themselves(
    world: World, orthanc: FakeOrthanc
) -> None:
    orthanc.kill()
    names = [world.send(dicom(sop=f"1.2.3.{n}")) for n in range(3)]
    names.append(world.send(zipped(a=dicom(sop="1.2.3.7"), b=dicom(sop="1.2.3.8"))))
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
    assert len(held(orthanc)) == 5
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
    name = world.send(zipped(**members))
    orthanc.set_answer("GET /changes", {})
    world.work()
    world.now += 3600
    world.work()
    assert world.upload(name).state == "done"
    assert sorted(held(orthanc)) == sorted(members.values())
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
    assert held(orthanc) == [CT]
    assert orthanc.counts["instances"] == 1


def test_an_archive_that_goes_away_before_it_is_asked_for_proof_has_stored_it_for_us(
    world: World, orthanc: FakeOrthanc
) -> None:
    orthanc.plan = Scripted([None, *[faults.status(503)] * 500], {"info"})
    name = world.send(CT)
    world.work()
    assert (world.upload(name).state, held(orthanc)) == ("kept", [CT])
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
    assert held(orthanc) == [CT]


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
