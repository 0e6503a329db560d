"""A process that ingests and dies: `python -m tests.ingest.crashing FOLDER ORTHANC POINT`.

It kills itself with SIGKILL at POINT (see POINTS); `finish` is what the next one does.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, select

from pacs_proxy.control import Control
from pacs_proxy.database import Database, Job, Result
from pacs_proxy.ingest.crew import Crew
from pacs_proxy.ingest.deposit import Depositor
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.ingest.staged import Staged
from pacs_proxy.ingest.work import Work
from pacs_proxy.jobs import BIG, PROMPT, SMALL, Runner
from pacs_proxy.settings import Settings
from pacs_proxy.upstream.client import Client
from tests.ingest.world import AFTER, World
from tests.upstream.archive_client import connected

POINTS = (
    "before it is sent",
    "in the middle of the body",
    "all of it is sent",
    "after the answer",
    "after the proof",
    "before the commit",
    "after the commit",
    "after our copy went",
)


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def mine(point: str) -> None:
    """Lay the mine."""
    before: dict[str, list[tuple[type, str]]] = {
        "before it is sent": [(Client, "store")],
        "before the commit": [(Work, "end"), (Crew, "_end")],
    }
    after: dict[str, list[tuple[type, str]]] = {
        "after the answer": [(Client, "store")],
        "after the proof": [(Depositor, "deposit")],
        "after the commit": [(Work, "end"), (Crew, "_end")],
        "after our copy went": [(Staging, "discard")],
    }
    for where in before.get(point, []):
        setattr(*where, die)
    for where in after.get(point, []):
        setattr(*where, _then_die(getattr(*where)))
    if point and point not in before.keys() | after.keys():
        method = "pieces"
        setattr(Staged, method, _broken(Staged.pieces, whole=point == "all of it is sent"))


def _then_die(real: Callable[..., Any]) -> Callable[..., Any]:
    def done(*args: Any, **more: Any) -> Any:
        real(*args, **more)
        die()

    return done


def _broken(real: Callable[[Staged], Iterator[memoryview]], *, whole: bool) -> Callable[..., Any]:
    def pieces(self: Staged) -> Iterator[memoryview]:
        for number, piece in enumerate(real(self)):
            yield piece
            if not whole and number == 1:
                die()
        die()

    return pieces


def main(folder: str, orthanc: str, point: str) -> None:
    mine(point)
    finish(Path(folder), orthanc)


def finish(place: Path, orthanc: str) -> None:
    """Work until no upload waits any more, everything has settled and nothing is left."""
    address = Settings(data_dir=str(place)).database_address
    with (
        closing(Database(address)) as database,
        closing(Control(place / f"control-{os.getpid()}")) as control,
        connected(orthanc, control) as (client, _),
    ):
        _work(World(database, client.impatient(2.0), place), database)


def _work(world: World, database: Database) -> None:
    handlers, crews = world.runner._handlers, world.runner._crews
    runner = Runner(world.jobs, handlers, [(PROMPT, SMALL), (BIG,)], crews=crews)
    runner.start()
    while _is_there(database, Job.kind == "ingest", Job.state.in_(("queued", "running"))):
        time.sleep(0.02)
    world.settler.ensure()
    while _is_there(database, Result.settled == False) or list(world.staging.folder.iterdir()):  # noqa: E712
        if not _is_there(database, Job.state == "running"):
            world.now += AFTER + 60
        time.sleep(0.3)
    runner.stop()


def _is_there(database: Database, *conditions: ColumnElement[bool]) -> bool:
    with database.read() as session:
        return session.execute(select(1).where(*conditions).limit(1)).first() is not None


if __name__ == "__main__":
    main(*sys.argv[1:])
