"""A journal of its own for each test, on databases of both kinds."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pacs_proxy.access.checkpoint import Checkpoint
from pacs_proxy.access.journal import Journal
from pacs_proxy.access.records import STUDY_READ, Asker, Event, Study
from pacs_proxy.database import Database
from tests.tables import lay

ANN = Asker("ann", "s-1", "127.0.0.1", "0123456789abcdef")


def opened(number: int, asker: Asker = ANN) -> Event:
    """The `number`-th study is read."""
    return Event(STUDY_READ, asker, Study(f"study-{number}", f"1.2.{number}", f"P{number}"))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "checkpoint")


@pytest.fixture
def journal(database: Database, checkpoint: Checkpoint) -> Journal:
    return Journal(database, checkpoint, clock=lambda: 1_800_000_000.25)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An SQLite database with our tables, as a file to be meddled with."""
    path = tmp_path / "journal.db"
    lay(path)
    return path


@pytest.fixture
def kept(file: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{file}")) as database:
        yield database
