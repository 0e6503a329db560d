"""Small files that go in together end as each would alone, whatever happens among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pacs_proxy.database import Job
from pacs_proxy.ingest.crew import Crew
from pacs_proxy.ingest.deletion import KIND as DELETE
from pacs_proxy.ingest.shield import examine
from pacs_proxy.ingest.source import BytesSource
from pacs_proxy.ingest.walk import Limits
from pacs_proxy.jobs import Claimed, several
from pacs_proxy.jobs.queue import TOGETHER
from tests.fakes import FakeOrthanc, faults
from tests.fakes.plan import Never, Scripted
from tests.fakes.wire import json_reply
from tests.ingest.dicom import Coding, dicom, native

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.ingest.world import World

STORING = {"instances"}
BULK = "POST /tools/bulk-content"
PLAIN = Coding()


def images(count: int) -> list[bytes]:
    return [dicom(sop=f"1.2.3.{number}") for number in range(1, count + 1)]


def sent(world: World, files: Sequence[bytes]) -> list[str]:
    return [world.send(data, light=True) for data in files]


def held(orthanc: FakeOrthanc) -> list[bytes]:
    return sorted(stored.data for stored in orthanc.store)


def endings(world: World, names: Sequence[str]) -> list[tuple[str, list[tuple[str, str | None]]]]:
    return [(world.upload(name).state, world.outcomes(name)) for name in names]


def test_each_of_several_is_stored_proven_and_named(world: World, orthanc: FakeOrthanc) -> None:
    files = images(19)
    names = sent(world, files)
    assert world.work() == 2  # sixteen of them, then three
    assert held(orthanc) == sorted(files)
    assert endings(world, names) == [("done", [("stored", None)])] * 19
    for name, data in zip(names, files, strict=True):
        ((row,), upload) = world.results(name), world.upload(name)
        assert (row.size, upload.kind) == (len(data), "dicom")
        assert row.rev == upload.rev > 0
        assert {stored.id: stored.md5 for stored in orthanc.store}[str(row.instance)] == row.md5
    assert {label for _, label in world.labels()} == {"USB_20261126_1"}
    with world.database.read() as session:
        ended = session.scalars(select(Job)).all()
    assert {(job.state, job.owner, job.lease_until) for job in ended} == {("done", None, None)}
    world.settle()
    world.settle()
    assert not list(world.staging.folder.iterdir())


def test_of_short_ones_twice_as_many_go_together_and_no_longer_one_among_them(
    world: World, orthanc: FakeOrthanc
) -> None:
    files = images(37)
    names = [world.send(data, light=True, short=number != 5) for number, data in enumerate(files)]
    claims = world.jobs.claim_several("me", ("small",), TOGETHER)
    assert [claimed.upload_id for claimed in claims] == [*names[:5], *names[6:33]]
    for claimed in claims:
        world.jobs.postpone(claimed, 0)
    assert world.work() == 2  # thirty-two, then the longer one, and short ones with it
    assert held(orthanc) == sorted(files)
    assert endings(world, names) == [("done", [("stored", None)])] * 37


def test_an_archive_that_can_tell_what_it_has_is_asked_once_for_all(
    world: World, orthanc: FakeOrthanc
) -> None:
    orthanc.set_answer(BULK, json_reply([]))
    names = sent(world, images(4))
    world.work()
    assert endings(world, names) == [("done", [("stored", None)])] * 4
    # Each is asked for once: its proof.
    assert orthanc.counts["info"] == 4


def test_what_is_no_plain_sound_image_goes_its_own_way(world: World, orthanc: FakeOrthanc) -> None:
    good, other = dicom(sop="1.2.3.1"), dicom(sop="1.2.3.1", pixels=native(PLAIN, 64))
    files = [good, b"a text", good[:-9], b"", good, other, dicom(sop="1.2.3.2")]
    names = sent(world, files)
    world.work()
    found = [outcome for ((outcome, _),) in (world.outcomes(name) for name in names)]
    # Which of the two came first under one UID is the one that is stored.
    assert found == ["stored", "skipped", "refused", "refused", "duplicate", "conflict", "stored"]
    assert held(orthanc) == sorted([good, files[-1]])


def test_an_archive_that_goes_away_among_them_costs_nothing_twice(
    world: World, orthanc: FakeOrthanc
) -> None:
    files = images(5)
    orthanc.plan = Scripted([None, None, *[faults.status(503)] * 500], STORING)
    names = sent(world, files)
    world.work()
    # The third may have been stored before its answer was spoilt, and is then found there.
    found = [world.upload(name).state for name in names]
    assert (found[:2], found[3:]) == (["done"] * 2, ["kept"] * 2)
    orthanc.plan = Never()
    world.now += 3600
    world.work()
    assert held(orthanc) == sorted(files)
    assert endings(world, names) == [("done", [("stored", None)])] * 5


def test_a_doubtful_answer_among_them_is_asked_about(world: World, orthanc: FakeOrthanc) -> None:
    orthanc.set_answer(BULK, json_reply([]))
    orthanc.plan = Scripted([None, faults.vanish()], STORING)
    names = sent(world, images(3))
    world.work()
    assert endings(world, names) == [("done", [("stored", None)])] * 3
    assert orthanc.counts["instances"] == 3


def test_one_that_is_cancelled_among_them_is_not_sent(
    world: World, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, real = sent(world, images(3)), world.depositor.deposit

    def deposit(*args: Any, **more: Any) -> Any:
        with world.database.write() as session:
            world.jobs.cancel(session, Job.upload_id == names[2])
        world.jobs.look(world.runner._claims.values())
        return real(*args, **more)

    monkeypatch.setattr(world.depositor, "deposit", deposit)
    world.work()
    assert held(orthanc) == sorted(images(2))
    assert not world.results(names[2])
    with world.database.read() as session:
        assert not world.jobs.at_work(session, Job.upload_id.in_(names))


@pytest.mark.parametrize("light", [True, False])
@pytest.mark.parametrize("level", ["studies", "series"])
def test_what_was_deleted_since_is_not_stored(
    world: World, orthanc: FakeOrthanc, level: str, *, light: bool
) -> None:
    files = images(2)
    identity = examine(BytesSource(files[0]), Limits()).identity
    names = [world.send(data, light=light) for data in files]
    world.now += 1
    with world.database.write() as session:
        gone = identity.study if level == "studies" else identity.series
        about = {"level": level, "id": gone, "study": identity.study}
        world.jobs.add(session, DELETE, about, lane="nobody's", study_id=identity.study)
    world.work()
    assert [world.upload(name).state for name in names] == ["cancelled"] * 2
    assert not held(orthanc)


def test_a_crew_that_lost_its_jobs_writes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, real = sent(world, images(3)), several.finish

    def lose(session: Any, claims: Sequence[Claimed]) -> set[int]:
        """The lease of the first ran out, and another has it."""
        world.jobs.change(session, claims[0], owner="another")
        return real(session, claims)

    monkeypatch.setattr(several, "finish", lose)
    world.work()
    assert endings(world, names) == [
        ("storing", []),
        ("done", [("stored", None)]),
        ("done", [("stored", None)]),
    ]


def test_a_crew_that_fails_leaves_each_to_itself(
    world: World, orthanc: FakeOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Crew) -> None:
        raise ValueError("x")

    monkeypatch.setattr(Crew, "run", fails)
    names = sent(world, images(3))
    world.work()
    assert endings(world, names) == [("done", [("stored", None)])] * 3
    assert held(orthanc) == sorted(images(3))


def test_what_was_tried_before_goes_alone(world: World) -> None:
    names = sent(world, images(3))
    (first,) = world.jobs.claim_several("me", ("small",), 1)
    world.jobs.fail(first, 0)
    claims = world.jobs.claim_several("me", ("small",), 8)
    assert [claimed.upload_id for claimed in claims] in ([names[0]], names[1:])
