"""A file is sent whole, once, and what the archive says to it is understood."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pacs_proxy.errors import BadUpload, BodyCut, Doubtful, Full, Refused, Unreachable
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.storing import Stored
from tests.fakes import FakeOrthanc, faults
from tests.fakes.exchange import Fault
from tests.fakes.plan import Always, Scripted
from tests.fakes.wire import Reply, json_reply
from tests.ingest.dicom import dicom
from tests.upstream.archive_client import Archive, archive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pacs_proxy.control import Control

FILE = dicom()
ROUTES = {"instances"}


@pytest.fixture
def world(control: Control) -> Iterator[Archive]:
    with FakeOrthanc() as orthanc, archive(orthanc, control) as found:
        yield found


def _store(world: Archive, data: bytes = FILE, size: int | None = None) -> Stored:
    def pieces() -> Iterator[memoryview]:
        for at in range(0, len(data), 100):
            yield memoryview(data)[at : at + 100]

    return world.client.store(len(data) if size is None else size, pieces, Interest())


def test_a_file_is_stored_whole_and_named(world: Archive) -> None:
    first, second = _store(world), _store(world)
    assert first.is_new
    assert not second.is_new
    assert second.instance == first.instance
    held = world.orthanc.store.get(first.instance)
    assert held is not None
    assert held.data == FILE


def test_a_file_that_is_shorter_than_announced_is_not_stored(world: Archive) -> None:
    with pytest.raises(BodyCut):
        _store(world, size=len(FILE) + 1)
    assert not len(world.orthanc.store)


@pytest.mark.parametrize(
    "fault",
    [faults.vanish(), faults.vanish(reset=True), faults.headers_cut(), faults.fin_after(0.5)],
    ids=str,
)
def test_an_answer_that_is_lost_is_a_doubt_and_not_a_second_sending(
    world: Archive, fault: Fault
) -> None:
    world.orthanc.plan = Always(fault, ROUTES)
    with pytest.raises(Doubtful):
        _store(world)
    assert world.orthanc.counts["instances"] == 1
    assert len(world.orthanc.store) == 1


def test_an_archive_that_is_away_has_got_nothing(world: Archive) -> None:
    world.orthanc.kill()
    hasty = replace(world, client=world.client.impatient(0.3))
    with pytest.raises(Unreachable):
        _store(hasty)
    world.orthanc.start()
    assert _store(world).is_new


def test_a_busy_archive_is_asked_again(world: Archive) -> None:
    world.orthanc.plan = Scripted([faults.status(503)], ROUTES)
    assert not _store(world).is_new  # the fake had stored it before it said 503
    assert world.orthanc.counts["instances"] == 2


GARBAGE = json_reply({"HttpStatus": 400, "OrthancStatus": 15}, 400)


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (GARBAGE, BadUpload, "archive_cannot_read"),
        (
            json_reply({"HttpStatus": 404, "OrthancStatus": 21}, 404),
            BadUpload,
            "archive_cannot_read",
        ),
        (json_reply({"Status": "FilteredOut"}), BadUpload, "filtered"),
        (Reply(413), BadUpload, "too_large_for_archive"),
        (json_reply({"HttpStatus": 500, "OrthancStatus": 14}, 500), Full, "archive_full"),
        (json_reply({"HttpStatus": 500, "OrthancStatus": 19}, 500), Full, "archive_full"),
        (Reply(507), Full, "archive_full"),
        (Reply(401), Refused, "archive_refused"),
        (Reply(400), Doubtful, "archive_interrupted"),
        (Reply(500), Doubtful, "archive_interrupted"),
        (json_reply({"Status": "Success"}), Doubtful, "archive_interrupted"),
        (json_reply({"Status": "Success", "ID": "../../x"}), Doubtful, "archive_interrupted"),
        (json_reply([]), BadUpload, "filtered"),
    ],
)
def test_each_answer_means_one_thing(
    world: Archive, reply: Reply, error: type[Exception], code: str
) -> None:
    world.orthanc.set_answer("POST /instances", reply)
    with pytest.raises(error) as refusal:
        _store(world)
    assert getattr(refusal.value, "code", None) == code
    assert world.orthanc.counts["instances"] == 1


def test_deleting_twice_is_as_deleting_once(world: Archive) -> None:
    stored = _store(world)
    assert world.client.delete("instances", stored.instance, Interest())
    assert not world.client.delete("instances", stored.instance, Interest())
    assert not len(world.orthanc.store)


def test_a_deletion_whose_answer_is_lost_is_repeated(world: Archive) -> None:
    stored = _store(world)
    world.orthanc.plan = Scripted([faults.vanish()], routes=None)
    assert not world.client.delete("instances", stored.instance, Interest())
    assert not len(world.orthanc.store)
