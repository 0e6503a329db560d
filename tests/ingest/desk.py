"""Asks for files that lie elsewhere, and takes them in, in this process."""

from pathlib import Path
from typing import Any

from sqlalchemy import select

from pacs_proxy.database import Batch, Database, Upload
from pacs_proxy.ingest.admission import Admission, Limits
from pacs_proxy.ingest.buckets import Place
from pacs_proxy.ingest.reference import KIND, Allowed, References
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.jobs import REFERENCE, Jobs, Runner
from tests.tables import lay

LIMITS = Limits(5_000_000, 10**9, 10**9, 1000, 10**7, 0, 86400.0)


def made(home: Path, folder: Path, s3: Place | None = None) -> tuple[References, Jobs]:
    database = Database(f"sqlite:///{home}/x.db")
    jobs, staging = Jobs(database), Staging(home / "uploads")
    allowed = Allowed({"in": str(folder)}, s3 or Place(None, ()))
    admission = Admission(LIMITS, staging.free)
    return References(database, staging, jobs, admission, allowed), jobs


class Desk:
    """Asks for files and has them taken in here."""

    def __init__(self, home: Path, folder: Path, s3: Place | None = None) -> None:
        lay(home / "x.db")
        self.home, self.folder = home, folder
        self.references, self.jobs = made(home, folder, s3)
        self.database = self.jobs.database

    def take(self, key: str = "k", **where: Any) -> Batch:
        batch = self.references.ask("local", key, where)
        assert Runner(self.jobs, {KIND: self.references}, []).run_next((REFERENCE,))
        return batch

    def rows(self) -> dict[str, Upload]:
        with self.database.read() as session:
            return {row.name: row for row in session.scalars(select(Upload))}

    def staged(self) -> dict[str, bytes]:
        folder = self.home / "uploads"
        return {
            name: (folder / f"{row.id}.part").read_bytes()
            for name, row in self.rows().items()
            if row.state == "received"
        }
