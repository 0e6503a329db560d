"""The pipeline in front of an archive, fake or real."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pacs_proxy.database import Database
from tests.fakes import FakeOrthanc
from tests.ingest.world import World
from tests.tables import lay
from tests.upstream.archive_client import archive
from tests.upstream.world import control_in


@pytest.fixture
def orthanc() -> Iterator[FakeOrthanc]:
    with FakeOrthanc() as fake:
        yield fake


@pytest.fixture
def plain_database(tmp_path: Path) -> Iterator[Database]:
    """SQLite alone: what is proven of both kinds elsewhere need not be proven again."""
    with closing(Database(lay(tmp_path / "pacs-proxy.db"))) as database:
        yield database


@pytest.fixture
def world(orthanc: FakeOrthanc, plain_database: Database, tmp_path: Path) -> Iterator[World]:
    # Patient with a slow machine, impatient only with an archive that is away.
    with control_in(tmp_path) as control, archive(orthanc, control) as found:
        yield World(plain_database, found.client.impatient(0.5), tmp_path)
