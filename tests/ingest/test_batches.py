"""Batches in a database whose transactions run beside each other."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

from pacs_proxy.database import Database
from pacs_proxy.ingest import batches
from pacs_proxy.ingest.batches import Batches
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.jobs import Jobs
from pacs_proxy.settings import Settings
from tests.postgres import Postgres, somebody_waits
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from sqlalchemy.orm import Session


def test_two_media_put_in_at_once_get_labels_of_their_own(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second begins exactly between the first one's look for a number and its commit."""
    real, others, over = batches._medium_label, list[threading.Thread](), threading.Event()
    labels: list[str | None] = []

    def begin(key: str) -> None:
        labels.append(made.begin("me", key, "usb", None)[0].label)

    def begin_another() -> None:
        begin("second")
        over.set()

    def looked(session: Session, now: float) -> str:
        found = real(session, now)
        if not others:
            others.append(threading.Thread(target=begin_another, daemon=True))
            others[0].start()
            until(lambda: over.is_set() or somebody_waits(database))
        return found

    address = Settings(database_url=postgres.make_with_tables()).database_address
    with closing(Database(address)) as database:
        made = Batches(database, Staging(tmp_path / "uploads"), Jobs(database), lambda: 1e9)
        monkeypatch.setattr(batches, "_medium_label", looked)
        begin("first")
        others[0].join(PATIENCE)
    assert sorted(str(label)[-2:] for label in labels) == ["_1", "_2"]
