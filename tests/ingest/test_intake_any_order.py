"""Uploads in any order, killed anywhere: what was acknowledged is there."""

import hashlib
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from pacs_proxy.database import Database, Job, Upload
from pacs_proxy.errors import PacsProxyError
from pacs_proxy.ingest import tus
from pacs_proxy.ingest.admission import Limits
from pacs_proxy.ingest.intake import Placed
from tests.ingest.test_body import reading
from tests.ingest.test_intake import ME, World, creation
from tests.tables import lay


class Crash(BaseException):
    """The process ends here."""


class AnyOrder(RuleBasedStateMachine):
    """Several files by several keys; every request may be cut, damaged, repeated or crash."""

    keys = Bundle("keys")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm")
        where = lay(Path(self.folder.name) / "x.db")
        limits = Limits(1 << 20, 1 << 30, 1 << 30, 1000, 1 << 20, 0, 1e9)
        self.world = World(Database(where), Path(self.folder.name) / "uploads", limits)
        self.files: dict[str, bytes] = {}
        self.places: dict[str, str] = {}
        self.promised: dict[str, int] = {}
        self.numbers = itertools.count()

    def teardown(self) -> None:
        self.world.database.close()
        self.folder.cleanup()

    @rule(target=keys, data=st.binary(max_size=60))
    def new_file(self, data: bytes) -> str:
        key = f"k{next(self.numbers)}"
        self.files[key] = data
        return key

    @rule(key=keys, first=st.one_of(st.none(), st.integers(0, 60)), cut=st.integers(0, 60))
    def create(self, key: str, first: int | None, cut: int) -> None:
        data = self.files[key]
        body = None if first is None else data[:first]
        asked = creation(len(data), body, key=key)
        arrived = (body or b"")[:cut]
        placed = self.attempt(
            key, lambda: self.world.intake.create(ME, asked, "", reading(arrived))
        )
        if placed:
            assert self.places.setdefault(key, placed.id) == placed.id

    @rule(
        key=keys, right=st.booleans(), at=st.integers(0, 60), size=st.integers(0, 60),
        checked=st.booleans(), flip=st.booleans(), cut=st.one_of(st.none(), st.integers(0, 60)),
        crash=st.sampled_from(["", "", "", "sync", "commit"]),
    )  # fmt: skip
    def send(
        self, key: str, right: bool, at: int, size: int, checked: bool, flip: bool,
        cut: int | None, crash: str,
    ) -> None:  # fmt: skip
        if key not in self.places:
            return
        offset = self.world.row(self.places[key]).offset if right else at
        body = self.files[key][offset : offset + size]
        chunk = tus.Chunk(offset, len(body), hashlib.sha256(body).digest() if checked else None)
        arrived = bytes([*body[:-1], body[-1] ^ 1]) if flip and checked and body else body
        arrived = arrived if cut is None else arrived[:cut]
        upload = self.places[key]

        def act() -> Placed:
            return self.world.intake.receive(ME, upload, chunk, reading(arrived))

        with pytest.MonkeyPatch.context() as patch:
            if crash == "sync":
                patch.setattr("os.fdatasync", _crash)
            if crash == "commit":
                patch.setattr(self.world.jobs.database, "write", _crash)
            self.attempt(key, act)

    @rule(key=keys)
    def look(self, key: str) -> None:
        if key in self.places:
            upload = self.places[key]
            self.attempt(key, lambda: self.world.intake.find(ME, upload))

    def attempt(self, key: str, act: Callable[[], Placed]) -> Placed | None:
        """What an answer promised is remembered; an error promises nothing."""
        try:
            placed = act()
        except (PacsProxyError, Crash):
            return None
        assert placed.state.offset >= self.promised.get(key, 0)
        self.promised[key] = placed.state.offset
        return placed

    @invariant()
    def nothing_promised_is_lost_wrong_or_twice(self) -> None:
        for key, upload in getattr(self, "places", {}).items():
            row, data = self.world.row(upload), self.files[key]
            assert self.promised.get(key, 0) <= row.offset <= len(data)
            if row.offset:
                assert (
                    self.world.staging.path(upload).read_bytes()[: row.offset] == data[: row.offset]
                )
            with self.world.database.read() as session:
                jobs = session.query(Job).filter(Job.upload_id == upload).count()
                uploads = session.query(Upload).filter(Upload.client_key == key).count()
            assert jobs == (row.offset == len(data))
            assert uploads == 1


def _crash(*_: object) -> None:
    raise Crash


TestAnyOrder = AnyOrder.TestCase


TestAnyOrder.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
