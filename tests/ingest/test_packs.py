"""Packs on a real disk and in a real database: all of their files are taken, or none."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.database import Batch, Database, Job, Upload
from pacs_proxy.errors import BadRequest, BodyCut, DatabaseUnavailable, PacsProxyError
from pacs_proxy.errors.uploads import (
    ChecksumMismatch,
    DiskLow,
    OverQuota,
    TooLarge,
    UploadBusy,
    UploadGone,
)
from pacs_proxy.ingest import packs, rows
from pacs_proxy.ingest.admission import Admission, Limits
from pacs_proxy.ingest.batches import Batches
from pacs_proxy.ingest.packs import Packs
from pacs_proxy.ingest.rows import Seen
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.jobs import Jobs
from tests.ingest.test_body import reading
from tests.sender import pack
from tests.waiting import PATIENCE

LIMITS = Limits(2000, 5000, 4000, 3, 1 << 20, 100, 50.0, 300.0)
FILES = {f"k{n}": Random(n).randbytes(100 + n) for n in range(5)}


class World:
    """Takes packs of one owner's batch."""

    def __init__(self, database: Database, folder: Path, limits: Limits = LIMITS) -> None:
        self.free = 1 << 40
        self.database, self.staging = database, Staging(folder)
        jobs, admission = Jobs(database), Admission(limits, lambda: self.free)
        self.packs = Packs(database, self.staging, jobs, admission)
        self.batches = Batches(database, self.staging, jobs)
        self.batch = self.batches.begin("me", "b", "files", None)[0].id

    def take(self, files: dict[str, bytes], **changes: object) -> dict[str, Seen]:
        body = pack(self.batch, files, **changes)
        return self.packs.take("me", len(body), reading(body))

    def full(self) -> "World":
        self.free = 50
        return self

    def cancelled(self) -> "World":
        self.batches.cancel("me", self.batch)
        return self

    def kept(self) -> dict[str, bytes]:
        with self.database.read() as session:
            found = session.query(Upload).all()
            return {r.client_key or "": self.staging.path(r.id).read_bytes() for r in found}

    def jobs(self) -> list[Job]:
        with self.database.read() as session:
            return session.query(Job).all()

    def is_empty(self) -> bool:
        return not (self.kept() or self.jobs() or any(self.staging.folder.iterdir()))


@pytest.fixture
def world(plain_database: Database, tmp_path: Path) -> World:
    return World(plain_database, tmp_path / "uploads")


@pytest.fixture
def either(database: Database, tmp_path: Path) -> World:
    """SQLite, and PostgreSQL where there is one."""
    return World(database, tmp_path / "uploads")


def test_each_file_is_a_row_its_bytes_and_a_job(either: World) -> None:
    taken = either.take(FILES)
    assert either.kept() == FILES
    assert {k: (s.offset, s.length) for k, s in taken.items()} == {
        k: (len(d), len(d)) for k, d in FILES.items()
    }
    with either.database.read() as session:
        found = session.query(Upload).all()
        batch = session.get_one(Batch, either.batch)
    assert {(r.state, r.name, r.rev) for r in found} == {
        ("received", f"disc/{k}", batch.rev) for k in FILES
    }
    assert (batch.files, batch.bytes) == (5, sum(map(len, FILES.values())))
    asked = {(j.upload_id, j.kind, j.lane, j.payload["light"]) for j in either.jobs()}
    assert asked == {(s.id, "ingest", "small", True) for s in taken.values()}


def test_a_pack_sent_again_makes_nothing_twice(either: World) -> None:
    first = either.take(dict(list(FILES.items())[:3]))
    again = either.take(FILES)
    assert again == {**first, **{k: again[k] for k in ("k3", "k4")}}
    assert either.kept() == FILES
    assert len(either.jobs()) == len(FILES)


def test_of_two_that_come_at_once_one_is_told_to_ask_again(either: World) -> None:
    both, ends = Barrier(2, timeout=PATIENCE), list[object]()

    class Slow:
        """Reads its last byte when the other one does."""

        def __init__(self, body: bytes) -> None:
            self.read, self.left = reading(body), len(body)

        def __call__(self, size: int) -> bytes:
            piece = self.read(size)
            self.left -= len(piece)
            if not self.left:
                both.wait()
            return piece

    def send() -> None:
        body = pack(either.batch, FILES)
        try:
            ends.append(len(either.packs.take("me", len(body), Slow(body))))
        except PacsProxyError as error:
            ends.append(type(error))

    threads = [Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ends)) == sorted(map(str, (5, UploadBusy)))
    assert either.kept() == FILES
    assert len(list(either.staging.folder.iterdir())) == len(either.jobs()) == len(FILES)


def test_one_wrong_byte_and_nothing_is_taken(world: World) -> None:
    body = bytearray(pack(world.batch, FILES))
    body[-1] ^= 1
    with pytest.raises(ChecksumMismatch):
        world.packs.take("me", len(body), reading(bytes(body)))
    assert world.is_empty()


@pytest.mark.parametrize("lost", [1, 105, 300, 600])
def test_a_pack_that_was_cut_leaves_nothing(world: World, lost: int) -> None:
    body = pack(world.batch, FILES)
    with pytest.raises(BodyCut):
        world.packs.take("me", len(body), reading(body[:-lost]))
    assert world.is_empty()


def test_what_was_not_committed_leaves_no_row_and_can_be_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(rows, "add_several", away)
        with pytest.raises(DatabaseUnavailable):
            world.take(FILES)
    assert (world.kept(), world.jobs()) == ({}, [])
    world.take(FILES)
    assert world.kept() == FILES


def test_what_was_committed_though_its_answer_was_lost_keeps_its_bytes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = world.packs._together.run

    def cut(step: Callable[..., None]) -> None:
        """A database elsewhere may go away between its commit and the answer to it."""
        real(step)
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(world.packs._together, "run", cut)
        with pytest.raises(DatabaseUnavailable):
            world.take(FILES)
    taken = world.take(FILES)
    assert {seen.offset - seen.length for seen in taken.values()} == {0}
    assert world.kept() == FILES


REFUSALS: list[tuple[type[PacsProxyError], Callable[[World], object]]] = [
    (TooLarge, lambda w: w.take({"k": bytes(2001)})),
    (OverQuota, lambda w: w.take({k: bytes(1500) for k in "abc"})),
    (DiskLow, lambda w: w.full().take(FILES)),
    (UploadGone, lambda w: w.cancelled().take(FILES)),
    (BadRequest, lambda w: w.take(FILES, key="same")),
    (BadRequest, lambda w: w.take(FILES, sha256="x")),
    (BadRequest, lambda w: w.take(FILES, size=0)),
    (BadRequest, lambda w: w.take(FILES, size=True)),
    (BadRequest, lambda w: w.take(FILES, name=None)),
    (BadRequest, lambda w: w.take(dict.fromkeys(map(str, range(65)), b"x"))),
    (BadRequest, lambda w: w.take({})),
]


@pytest.mark.parametrize(("kind", "act"), REFUSALS)
def test_what_is_refused_leaves_nothing(
    world: World, kind: type[PacsProxyError], act: Callable[[World], object]
) -> None:
    with pytest.raises(kind):
        act(world)
    assert world.is_empty()


def test_a_batch_that_is_cancelled_while_a_pack_comes_takes_nothing(world: World) -> None:
    body, reads = pack(world.batch, FILES), list[int]()
    given = reading(body)

    def read(size: int) -> bytes:
        reads.append(size)
        if len(reads) > 2:  # the index was found good, its files come
            world.cancelled()
        return given(size)

    with pytest.raises(UploadGone):
        world.packs.take("me", len(body), read)
    assert world.is_empty()


def test_anothers_batch_takes_nothing(world: World) -> None:
    body = pack(world.batch, FILES)
    with pytest.raises(PacsProxyError) as refused:
        world.packs.take("other", len(body), reading(body))
    assert refused.value.status == 404
    assert world.is_empty()


@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_other_body_is_refused_in_words(body: bytes, size: int) -> None:
    with pytest.raises(PacsProxyError) as refused:
        packs.opened(size, reading(body))
    assert refused.value.status in {400, 413}


@pytest.mark.parametrize("change", [-1, 1])
def test_a_length_that_is_not_the_indexs_is_refused(world: World, change: int) -> None:
    body = pack(world.batch, FILES)
    with pytest.raises(BadRequest):
        world.packs.take("me", len(body) + change, reading(body))
    assert world.is_empty()
