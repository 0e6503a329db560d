"""Real processes, really killed: a job's end comes once, and the killed leave nothing undone."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from pacs_proxy.database import Batch, Database, Job
from pacs_proxy.jobs import Jobs
from tests.server import ROOT
from tests.waiting import PATIENCE, until

StartWorker = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


@pytest.fixture
def start(database: Database, tables: str, tmp_path: Path) -> Iterator[StartWorker]:
    """Start a working process; its leases are longer than any test unless said otherwise."""
    running: list[subprocess.Popen[str]] = []

    def run(*more: str, lease: float = 300.0) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "tests.jobs.toil",
            tables,
            str(lease),
            str(tmp_path),
            *more,
        ]
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout
        assert process.stdout.readline() == "working\n"
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def add(jobs: Jobs, **payload: int) -> int:
    with jobs.database.write() as session:
        return jobs.add(session, "toil", payload)


def states(jobs: Jobs) -> set[str]:
    with jobs.database.read() as session:
        return set(session.scalars(select(Job.state)))


def ends(jobs: Jobs) -> list[str]:
    """One name for each time a job came to its end."""
    with jobs.database.read() as session:
        return sorted(session.scalars(select(Batch.id)))


def test_a_job_whose_process_was_killed_runs_again_at_once_to_its_end(
    jobs: Jobs, start: StartWorker, tmp_path: Path
) -> None:
    number = add(jobs, steps=3, stay=1)
    first = start()
    until((tmp_path / str(number) / "1").exists)
    first.kill()
    first.wait()
    (tmp_path / "go").touch()
    start()
    until(lambda: states(jobs) == {"done"})
    assert ends(jobs) == [f"{number}-2"]


def test_a_zombie_that_wakes_up_cannot_end_the_job_of_its_heir(
    jobs: Jobs, start: StartWorker, tmp_path: Path
) -> None:
    number = add(jobs, steps=2, stay=1)
    zombie = start("deaf", lease=0.1)
    until((tmp_path / str(number) / "1").exists)
    (tmp_path / str(number) / "1").unlink()
    start()
    until((tmp_path / str(number) / "1").exists)
    (tmp_path / "go").touch()
    until(lambda: states(jobs) == {"done"})
    zombie.communicate(timeout=PATIENCE)  # what it would do wrong, it has done by then
    assert ends(jobs) == [f"{number}-2"]


def test_a_polite_end_leaves_the_job_to_others_at_once(
    jobs: Jobs, start: StartWorker, tmp_path: Path
) -> None:
    number = add(jobs, steps=3, stay=1)
    first = start()
    until((tmp_path / str(number) / "1").exists)
    first.communicate(timeout=PATIENCE)
    with jobs.database.read() as session:
        left = session.get_one(Job, number)
    assert (left.state, left.owner, left.attempts) == ("queued", None, 0)


def test_kills_at_random_moments_neither_lose_nor_repeat_an_end(
    jobs: Jobs, start: StartWorker
) -> None:
    dice, before = random.Random(7), [0]
    numbers = [add(jobs, steps=40) for _ in range(60)]
    for _ in range(4):
        process = start()
        until(lambda: len(ends(jobs)) > max(before) or states(jobs) == {"done"})
        before.append(len(ends(jobs)))
        time.sleep(dice.uniform(0, 0.05))
        process.kill()
        process.wait()
    start()
    until(lambda: states(jobs) == {"done"})
    assert sorted({int(name.partition("-")[0]) for name in ends(jobs)}) == numbers
    assert len(ends(jobs)) == len(numbers)
