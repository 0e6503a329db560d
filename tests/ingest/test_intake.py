"""Uploads on a real disk and in a real database: nothing acknowledged is lost, whatever comes."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from pacs_proxy.database import Batch, Chunk, Database, Job, Upload
from pacs_proxy.errors import PacsProxyError
from pacs_proxy.errors.uploads import (
    DiskLow,
    OverQuota,
    TooManyOpen,
    UploadExpired,
    UploadFinished,
    UploadGone,
)
from pacs_proxy.ingest import tus
from pacs_proxy.ingest.admission import Admission, Limits
from pacs_proxy.ingest.intake import Intake, Placed
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.jobs import Jobs
from tests.ingest.test_body import reading

LIMITS = Limits(1000, 1500, 2000, 3, 1 << 20, 100, 50.0, 300.0)
ME = "local"


class World:
    """An intake with a clock and a disk that tests turn."""

    def __init__(self, database: Database, folder: Path, limits: Limits = LIMITS) -> None:
        self.now, self.free = 1_000_000.0, 1 << 40
        self.database, self.staging = database, Staging(folder)
        self.jobs = Jobs(database, lambda: self.now)
        admission = Admission(limits, lambda: self.free)
        self.intake = Intake(database, self.staging, self.jobs, admission, lambda: self.now)

    def create(self, length: int, data: bytes | None = None, **more: str) -> Placed:
        return self.intake.create(ME, creation(length, data, **more), "", reading(data or b""))

    def row(self, upload: str) -> Upload:
        with self.database.read() as session:
            return session.get_one(Upload, upload)

    def count(self, kind: type[Any]) -> int:
        with self.database.read() as session:
            return session.query(kind).count()


def creation(length: int, data: bytes | None = None, **more: str) -> tus.Creation:
    chunk = None if data is None else tus.Chunk(0, len(data), hashlib.sha256(data).digest())
    return tus.Creation(length, more, chunk)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path / "uploads")


def test_a_whole_small_file_is_one_row_and_one_job(world: World) -> None:
    placed = world.create(5, b"hello", name="IM1")
    row = world.row(placed.id)
    assert (row.state, row.offset, row.name, row.expires) == ("received", 5, "IM1", None)
    assert row.sha256 == hashlib.sha256(b"hello").hexdigest()
    with world.database.read() as session:
        job = session.query(Job).one()
    assert (job.kind, job.payload, job.upload_id) == (
        "ingest",
        {"upload": placed.id, "light": True, "short": True},
        placed.id,
    )
    assert (job.lane, world.count(Chunk)) == ("small", 0)


def test_a_large_file_waits_in_the_big_lane(database: Database, tmp_path: Path) -> None:
    limits = Limits(1 << 40, 1 << 40, 1 << 40, 3, 1 << 30, 0, 50.0)
    world, data = World(database, tmp_path / "u", limits), bytes((32 << 20) + 1)
    world.create(len(data), data)
    with database.read() as session:
        assert session.query(Job).one().lane == "big"


def test_each_acknowledged_chunk_is_remembered_with_its_digest(world: World) -> None:
    placed = world.create(9, b"abc")
    for at, data in ((3, b"def"), (6, b"ghi")):
        world.intake.receive(ME, placed.id, tus.Chunk(at, 3), reading(data))
    with world.database.read() as session:
        chunks = session.query(Chunk).order_by(Chunk.at).all()
    wanted = [
        (at, 3, hashlib.sha256(d).hexdigest()) for at, d in ((0, b"abc"), (3, b"def"), (6, b"ghi"))
    ]
    assert [(c.at, c.length, c.sha256) for c in chunks] == wanted
    assert world.row(placed.id).state == "received"


def test_every_change_bumps_the_batch_and_stamps_the_row(world: World) -> None:
    placed = world.create(6)
    first = world.row(placed.id)
    world.intake.receive(ME, placed.id, tus.Chunk(0, 3), reading(b"abc"))
    second = world.row(placed.id)
    with world.database.read() as session:
        batch = session.get_one(Batch, first.batch_id)
    assert first.rev < second.rev == batch.rev
    assert (batch.files, batch.bytes) == (1, 6)


def test_another_owners_upload_is_not_there(world: World) -> None:
    placed = world.create(5)
    chunk = tus.Chunk(0, 5)
    for act in (
        lambda: world.intake.find("other", placed.id),
        lambda: world.intake.cancel("other", placed.id),
        lambda: world.intake.receive("other", placed.id, chunk, reading(b"hello")),
    ):
        with pytest.raises(PacsProxyError) as refused:
            act()
        assert refused.value.status == 404


def test_the_same_key_of_another_owner_is_another_upload(world: World) -> None:
    mine = world.create(5, key="k")
    other = world.intake.create("other", creation(5, key="k"), "", reading(b""))
    assert other.is_new
    assert other.id != mine.id
    assert world.create(5, key="k").id == mine.id


def test_quotas_are_reserved_at_creation_and_released_at_the_end(world: World) -> None:
    first, _ = world.create(900), world.create(900)
    with pytest.raises(OverQuota) as refused:
        world.create(300)
    assert (refused.value.limit, refused.value.got) == (2000, 2100)
    world.intake.cancel(ME, first.id)
    assert world.create(300).is_new


def test_a_batch_has_a_limit_of_its_own(world: World) -> None:
    with world.database.write() as session:
        session.add(Batch(id="b" * 32, owner=ME, source="files", created=1.0))
    world.create(900, batch="b" * 32)
    with pytest.raises(OverQuota) as refused:
        world.create(900, batch="b" * 32)
    assert (refused.value.limit, refused.value.got) == (1500, 1800)
    assert world.count(Upload) == 1


def test_too_many_unfinished_uploads_must_wait(world: World) -> None:
    uploads = [world.create(10) for _ in range(3)]
    with pytest.raises(TooManyOpen) as refused:
        world.create(10)
    assert refused.value.retry_after
    world.intake.receive(ME, uploads[0].id, tus.Chunk(0, 10), reading(bytes(10)))
    assert world.create(10).is_new


@pytest.mark.parametrize(("free", "length", "needed"), [(99, 1, 100), (399, 200, 400)])
def test_a_full_disk_refuses_before_a_byte(
    world: World, free: int, length: int, needed: int
) -> None:
    world.free = free
    with pytest.raises(DiskLow) as refused:
        world.create(length, bytes(length))
    assert (refused.value.limit, refused.value.got) == (free, needed)
    world.free = needed
    assert world.create(length).is_new


def test_an_admitted_upload_waits_too_when_the_disk_fills_up(world: World) -> None:
    placed = world.create(10)
    world.free = 99
    with pytest.raises(DiskLow):
        world.intake.receive(ME, placed.id, tus.Chunk(0, 10), reading(bytes(10)))
    world.free = 100
    world.intake.receive(ME, placed.id, tus.Chunk(0, 10), reading(bytes(10)))


def test_the_expiry_slides_but_not_for_ever(world: World) -> None:
    placed, began = world.create(1000), world.now
    for step in range(6):
        world.now += 49
        placed = world.intake.receive(ME, placed.id, tus.Chunk(step, 1), reading(b"x"))
        assert placed.expires == min(world.now + 50, began + 300)
    world.now += 49
    with pytest.raises(UploadExpired):
        world.intake.find(ME, placed.id)


def test_an_expired_upload_takes_nothing_even_before_it_is_swept(world: World) -> None:
    placed = world.create(10)
    world.now += 51
    with pytest.raises(UploadExpired):
        world.intake.receive(ME, placed.id, tus.Chunk(0, 10), reading(bytes(10)))


@pytest.mark.parametrize("state", ["storing", "done", "refused", "skipped"])
def test_what_is_being_stored_cannot_be_taken_back(world: World, state: str) -> None:
    placed = world.create(5, b"hello")
    with world.database.write() as session:
        session.get_one(Upload, placed.id).state = state
    with pytest.raises(UploadFinished):
        world.intake.cancel(ME, placed.id)
    assert world.staging.path(placed.id).read_bytes() == b"hello"


@pytest.mark.parametrize("state", ["received", "checking", "converting", "kept"])
def test_what_is_not_yet_stored_can_be_and_its_job_with_it(world: World, state: str) -> None:
    placed = world.create(5, b"hello")
    with world.database.write() as session:
        session.get_one(Upload, placed.id).state = state
    world.intake.cancel(ME, placed.id)
    with world.database.read() as session:
        assert session.query(Job).one().state == "cancelled"
    assert not world.staging.path(placed.id).exists()


def test_a_cancelled_uploads_late_chunk_is_not_acknowledged(world: World) -> None:
    """The row is changed by another process while the body comes in."""
    placed = world.create(5)

    def read(size: int) -> bytes:
        with world.database.write() as session:
            session.get_one(Upload, placed.id).state = "cancelled"
        return b"hello"

    with pytest.raises(UploadGone):
        world.intake.receive(ME, placed.id, tus.Chunk(0, 5), read)
    assert world.row(placed.id).offset == 0
    assert world.count(Job) == 0


def test_a_batch_that_is_cancelled_while_a_file_comes_does_not_take_it(world: World) -> None:
    with world.database.write() as session:
        session.add(Batch(id="b" * 32, owner=ME, source="files", created=1.0))

    def read(size: int) -> bytes:
        with world.database.write() as session:
            session.get_one(Batch, "b" * 32).closed = True
        return b"hello"

    with pytest.raises(UploadGone):
        world.intake.create(ME, creation(5, b"hello", batch="b" * 32), "", read)
    assert world.count(Upload) == world.count(Job) == 0
    assert not list(world.staging.folder.iterdir())


def test_of_two_at_the_same_time_only_one_fits_the_quota(world: World) -> None:
    """Both were admitted before either was there."""
    data, others = bytes(900), list[Placed]()

    def read(size: int) -> bytes:
        if not others:
            others.append(world.create(900, data))
            others.append(world.create(300, bytes(300)))
        return data[:size]

    with pytest.raises(OverQuota):
        world.intake.create(ME, creation(900, data), "", read)
    assert {f.stem for f in world.staging.folder.iterdir()} == {placed.id for placed in others}
    assert world.count(Upload) == world.count(Job) == 2


def test_encoded_metadata_is_kept_as_it_came(world: World) -> None:
    header = "name " + base64.b64encode("Ä/1".encode()).decode()
    asked = tus.creation(
        {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": header}
    )
    placed = world.intake.create(ME, asked, header, reading(b""))
    assert world.intake.find(ME, placed.id).metadata == header
    assert world.row(placed.id).name == "Ä/1"
