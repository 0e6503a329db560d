"""The sweeper ends what nobody goes on with, and leaves alone what somebody does."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pacs_proxy.database import Database, Job
from pacs_proxy.ingest import tus
from pacs_proxy.ingest.expiry import EVERY_SECONDS, KIND, Sweeper
from pacs_proxy.jobs import PROMPT, Claimed, Later
from tests.ingest.test_body import reading
from tests.ingest.test_intake import ME, World


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path / "uploads")


@pytest.fixture
def sweep(world: World) -> Callable[[], None]:
    sweeper = Sweeper(world.database, world.staging, world.jobs, clock=lambda: world.now)

    def run() -> None:
        sweeper.ensure()
        claimed = world.jobs.claim("me", (PROMPT,))
        assert claimed is not None
        assert claimed.kind == KIND
        with pytest.raises(Later) as again:
            sweeper(claimed)
        assert again.value.seconds == EVERY_SECONDS
        world.jobs.postpone(claimed, 0)

    return run


def age(world: World, name: str, seconds: float) -> None:
    moment = world.now - seconds
    os.utime(world.staging.path(name), (moment, moment))


def test_an_upload_nobody_goes_on_with_expires(world: World, sweep: Callable[[], None]) -> None:
    old = world.create(10, b"12345")
    world.now += 30
    young = world.create(10, b"12345")
    world.now += 30
    sweep()
    assert world.row(old.id).state == "expired"
    assert not world.staging.path(old.id).exists()
    assert world.row(young.id).state == "receiving"
    assert world.staging.path(young.id).read_bytes() == b"12345"


def test_one_that_is_just_written_to_is_left_alone(world: World, sweep: Callable[[], None]) -> None:
    placed = world.create(10, b"12345")
    world.now += 60
    with world.staging.hold(placed.id, 5):
        sweep()
    assert world.row(placed.id).state == "receiving"
    sweep()
    assert world.row(placed.id).state == "expired"


@pytest.mark.parametrize("left", [None, b"1234"])
def test_acknowledged_bytes_that_are_gone_are_said_to_be(
    world: World, sweep: Callable[[], None], left: bytes | None
) -> None:
    placed = world.create(10, b"12345")
    world.staging.discard(placed.id)
    if left is not None:
        world.staging.path(placed.id).write_bytes(left)
    sweep()
    assert world.row(placed.id).state == "lost"
    assert not world.staging.path(placed.id).exists()


def test_a_file_without_a_row_is_removed_when_it_is_old(
    world: World, sweep: Callable[[], None]
) -> None:
    for name, seconds in (("a" * 32, 3700), ("b" * 32, 3500)):
        world.staging.path(name).write_bytes(b"x")
        age(world, name, seconds)
    sweep()
    assert not world.staging.path("a" * 32).exists()
    assert world.staging.path("b" * 32).exists()


def test_what_a_crash_left_of_a_cancelled_upload_is_removed(
    world: World, sweep: Callable[[], None]
) -> None:
    placed = world.create(10, b"12345")
    world.intake.cancel(ME, placed.id)
    world.staging.path(placed.id).write_bytes(b"12345")
    age(world, placed.id, 3700)
    sweep()
    assert not world.staging.path(placed.id).exists()


def test_a_whole_file_stays_until_the_pipeline_is_done_with_it(
    world: World, sweep: Callable[[], None]
) -> None:
    placed = world.create(5, b"hello")
    age(world, placed.id, 1e6)
    world.now += 1e6
    age(world, placed.id, 1e6)
    sweep()
    assert world.row(placed.id).state == "received"
    assert world.staging.path(placed.id).read_bytes() == b"hello"


def test_an_upload_that_moved_meanwhile_is_judged_anew(
    world: World, sweep: Callable[[], None]
) -> None:
    placed = world.create(10, b"12345")
    world.now += 49
    world.intake.receive(ME, placed.id, tus.Chunk(5, 1), reading(b"6"))
    world.now += 49
    sweep()
    assert world.row(placed.id).state == "receiving"


def test_there_is_one_sweeping_job_however_often_we_start(world: World) -> None:
    sweeper = Sweeper(world.database, world.staging, world.jobs)
    for _ in range(3):
        sweeper.ensure()
    with world.database.read() as session:
        assert session.query(Job).filter(Job.kind == KIND).count() == 1


def test_its_failures_are_forgotten_when_it_went_well(
    world: World, sweep: Callable[[], None]
) -> None:
    Sweeper(world.database, world.staging, world.jobs).ensure()
    for _ in range(3):
        claimed = world.jobs.claim("me", (PROMPT,))
        assert claimed
        world.jobs.fail(claimed, 0)
    sweep()
    with world.database.read() as session:
        assert session.query(Job).one().attempts == 0


def test_it_stops_when_its_process_ends(world: World, sweep: Callable[[], None]) -> None:
    world.create(10, b"12345")
    world.now += 60
    sweeper = Sweeper(world.database, world.staging, world.jobs, clock=lambda: world.now)
    sweeper.ensure()
    claimed: Claimed | None = world.jobs.claim("me", (PROMPT,))
    assert claimed is not None
    claimed.ending.set()
    with pytest.raises(Later) as again:
        sweeper(claimed)
    assert again.value.seconds == 0
