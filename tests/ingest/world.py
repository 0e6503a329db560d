"""The pipeline with everything behind it, in one process, worked on step by step."""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pacs_proxy.database import Batch, Chunk, Database, Job, Result, StudyLabel, Upload
from pacs_proxy.ingest import intake, settle
from pacs_proxy.ingest.deposit import Depositor
from pacs_proxy.ingest.pipeline import Converter, Ingest, Rules
from pacs_proxy.ingest.settle import Settler
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.jobs import BIG, LIGHT, PROMPT, SHORT, SMALL, Handler, Jobs, Runner
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pacs_proxy.upstream.client import Client

AFTER = 900.0
CHUNK = 1 << 20


@dataclass
class World:
    """`send` a file as if it had just come whole, `work`, and look what became of it."""

    database: Database
    client: Client
    folder: Path
    converter: Converter | None = None
    now: float = field(default_factory=time.time)
    batch: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        self.jobs = Jobs(self.database, self.clock)
        self.staging = Staging(self.folder / "uploads")
        self.depositor = Depositor(self.client)
        rules = Rules(converter=self.converter)
        self.ingest = Ingest(self.database, self.staging, self.depositor, rules, self.clock)
        self.settler = Settler(self.ingest, self.depositor, self.jobs, AFTER, self.clock)
        handlers: dict[str, Handler] = {intake.KIND: self.ingest, settle.KIND: self.settler}
        told = {intake.KIND: self.ingest.given_up}
        crews = {intake.KIND: self.ingest.together}
        self.runner = Runner(self.jobs, handlers, [], told, crews)
        with self.database.write() as session:
            session.add(Batch(id=self.batch, owner="me", created=self.now, label="USB_20261126_1"))

    def clock(self) -> float:
        return self.now

    def send(
        self,
        data: bytes,
        target: dict[str, Any] | None = None,
        *,
        light: bool = False,
        short: bool = False,
        **changes: Any,
    ) -> str:
        """A received upload and its job, in chunks as they were acknowledged."""
        name = uuid.uuid4().hex
        self.staging.path(name).write_bytes(data)
        row = {
            "id": name,
            "owner": "me",
            "batch_id": self.batch,
            "name": "PATIENT^NAME.dcm",
            "length": len(data),
            "offset": len(data),
            "state": "received",
            "target": target,
            "created": self.now,
            "progressed": self.now,
        }
        with self.database.write() as session:
            session.add(Upload(**{**row, **changes}))
            session.flush()
            session.add_all(
                Chunk(upload_id=name, at=at, length=len(piece), sha256=_sha256(piece))
                for at in range(0, len(data), CHUNK)
                if (piece := data[at : at + CHUNK])
            )
            told = {"upload": name, LIGHT: light, SHORT: short}
            self.jobs.add(session, intake.KIND, told, upload_id=name)
        return name

    def work(self) -> int:
        """Run what can be run now; how many jobs that were."""
        count = 0
        while self.runner.run_next((PROMPT, SMALL, BIG)):
            count += 1
        return count

    def settle(self, seconds: float = AFTER + PATIENCE) -> None:
        """Let time pass, more than the test may have taken, and look once more."""
        self.now += seconds
        self.settler.ensure()
        self.work()

    def upload(self, name: str) -> Upload:
        with self.database.read() as session:
            found = session.get(Upload, name)
            assert found
            return found

    def results(self, name: str | None = None) -> Sequence[Result]:
        every = select(Result).order_by(Result.upload_id, Result.number)
        with self.database.read() as session:
            return session.scalars(every.where(Result.upload_id == name) if name else every).all()

    def outcomes(self, name: str) -> list[tuple[str, str | None]]:
        return [(row.outcome, row.code) for row in self.results(name)]

    def labels(self) -> set[tuple[str, str]]:
        with self.database.read() as session:
            return {(row.study, row.label) for row in session.scalars(select(StudyLabel))}

    def queued(self) -> list[Job]:
        with self.database.read() as session:
            mine = select(Job).where(Job.kind == intake.KIND, Job.state == "queued")
            return list(session.scalars(mine))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
