"""Real processes, really killed: whatever left is in the journal, and the journal is whole."""

import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import select as query

from pacs_proxy.access.audit import Audit
from pacs_proxy.access.checkpoint import Checkpoint
from pacs_proxy.access.journal import Journal
from pacs_proxy.access.records import STUDY_READ, Asker, Study
from pacs_proxy.access.tables import AuditRecord
from pacs_proxy.access.verification import verify
from pacs_proxy.database import Database
from tests.server import ROOT
from tests.waiting import PATIENCE

ROUNDS, READERS = 30, 2


def read(url: str, mark: Path, name: str, sink: int) -> None:
    """Access study after study; what leaves after it was written down is one line."""
    audit = Audit(Journal(Database(url), Checkpoint(mark)))
    for number in range(1_000_000):
        study = f"{name}-{number}"
        audit.accessed(STUDY_READ, Asker(name, name), Study(study), 1)
        os.write(sink, f"{study}\n".encode())


def forked(url: str, mark: Path, name: str, sink: int) -> int:
    child = os.fork()
    if child == 0:
        read(url, mark, name, sink)
        os._exit(1)
    return child


def kill_again_and_again(url: str, mark: Path, rounds: int) -> None:
    """Two readers at a time, killed at any moment; what they handed out goes to our output."""
    chance = random.Random(5)
    for number in range(rounds):
        source, sink = os.pipe()
        readers = [forked(url, mark, f"{number}-{n}", sink) for n in range(READERS)]
        os.close(sink)
        # One in five before its first record, perhaps before its first connection.
        first = os.read(source, 4096) if number % 5 else b""
        select.select([], [], [], chance.uniform(0.0, 0.1))
        for reader in readers:
            os.kill(reader, signal.SIGKILL)
            os.waitpid(reader, 0)
        with os.fdopen(source, "rb") as rest:
            sys.stdout.buffer.write(first + rest.read())


def left(output: str) -> Iterator[str]:
    """Whole lines only: of a torn one nothing can be said."""
    return (line for line in output.split("\n")[:-1] if line)


def test_whatever_left_before_a_kill_is_in_the_journal(file: Path, checkpoint: Checkpoint) -> None:
    url, mark = f"sqlite:///{file}", file.with_name("checkpoint")
    code = (
        "import sys; from pathlib import Path; from tests.access.test_crashes import *; "
        f"kill_again_and_again(sys.argv[1], Path(sys.argv[2]), {ROUNDS})"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, url, str(mark)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=5 * PATIENCE,
    )
    seen = set(left(ended.stdout))
    with closing(Database(url)) as database:
        with database.read() as session:
            written = set(session.scalars(query(AuditRecord.study)))
        assert verify(database, checkpoint).is_whole
    assert seen <= written
    # Written and not yet left: the one that each reader was about to hand out.
    assert len(written - seen) <= ROUNDS * READERS
    assert len(seen) >= ROUNDS * 4 // 5
