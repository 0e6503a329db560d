"""What waits too long ends, in words; what is still wanted stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from pacs_proxy.database import Batch, Result, Upload
from pacs_proxy.ingest.bygone import UNDECIDED, Bygone, Keeping
from tests.ingest.dicom import Coding, dicom, native

if TYPE_CHECKING:
    from tests.fakes import FakeOrthanc
    from tests.ingest.world import World

DAY = 86400.0
OLD, NEW = dicom(sop="1.2.3.1"), dicom(sop="1.2.3.1", pixels=native(Coding(), 240))


@pytest.fixture
def bygone(world: World) -> Bygone:
    return Bygone(world.database, world.staging, Keeping(7 * DAY, 90 * DAY), world.clock)


def counts(world: World) -> list[int | None]:
    with world.database.read() as session:
        return [
            session.scalar(select(func.count()).select_from(t)) for t in (Batch, Upload, Result)
        ]


def test_an_undecided_conflict_ends_after_its_time_and_the_archives_file_stays(
    world: World, orthanc: FakeOrthanc, bygone: Bygone
) -> None:
    for data in (OLD, NEW):
        world.send(data)
        world.work()
    (row,) = (row for row in world.results() if row.outcome == "conflict")
    kept = world.staging.folder / str(row.staged)
    bygone.end_conflicts()
    assert kept.exists()
    world.now += 7 * DAY + 1
    bygone.end_conflicts()
    (ended,) = (found for found in world.results() if found.id == row.id)
    assert (ended.outcome, ended.code, ended.staged) == ("skipped", UNDECIDED, None)
    assert ended.rev > row.rev
    assert not kept.exists()
    assert [stored.data for stored in orthanc.store] == [OLD]


def test_one_that_is_being_replaced_is_not_ended(world: World, bygone: Bygone) -> None:
    for data in (OLD, NEW):
        world.send(data)
        world.work()
    with world.database.write() as session:
        for row in session.scalars(select(Result).where(Result.outcome == "conflict")):
            row.code = "replacing"
    world.now += 8 * DAY
    bygone.end_conflicts()
    assert "conflict" in {row.outcome for row in world.results()}


def test_the_rows_of_a_batch_go_when_it_is_long_over(world: World, bygone: Bygone) -> None:
    world.send(OLD)
    world.work()
    bygone.forget_batches()
    world.now += 91 * DAY
    bygone.forget_batches()  # its second look is still to come
    assert counts(world) == [1, 1, 1]
    world.settle()
    bygone.forget_batches()
    assert counts(world) == [0, 0, 0]


@pytest.mark.parametrize("left", ["waiting", "undecided"])
def test_a_batch_with_something_open_is_kept(world: World, bygone: Bygone, left: str) -> None:
    world.send(OLD)
    world.work()
    world.send(NEW)
    if left == "undecided":
        world.work()
    world.settle(91 * DAY) if left == "undecided" else None
    world.now += 91 * DAY
    bygone.forget_batches()
    assert counts(world)[:2] == [1, 2]
