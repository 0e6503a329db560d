"""Threads do what is queued, keep what they work on, and say how it ended."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from pacs_proxy.database import Database, Job
from pacs_proxy.errors import DatabaseUnavailable, PacsProxyError
from pacs_proxy.jobs import SMALL, Claimed, Handler, Jobs, Later, Runner
from tests.tables import lay
from tests.waiting import PATIENCE, until

StartRunner = Callable[..., Runner]


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    with closing(Database(lay(tmp_path / "x.db"))) as database:
        yield Jobs(database)


@pytest.fixture
def start(jobs: Jobs) -> Iterator[StartRunner]:
    running: list[Runner] = []

    def run(
        handlers: Mapping[str, Handler], given_up: Mapping[str, Handler] | None = None
    ) -> Runner:
        running.append(Runner(jobs, handlers, [(SMALL,)], given_up))
        running[-1].start()
        return running[-1]

    yield run
    for runner in running:
        runner.stop(PATIENCE)


def add(jobs: Jobs, most_attempts: int = 3) -> int:
    with jobs.database.write() as session:
        return jobs.add(session, "k", {}, most_attempts=most_attempts)


def row(jobs: Jobs, number: int) -> Job:
    with jobs.database.read() as session:
        return session.get_one(Job, number)


def wait_for(jobs: Jobs, number: int, state: str, seconds: float = PATIENCE) -> Job:
    deadline = time.monotonic() + seconds
    while (found := row(jobs, number)).state != state:
        assert time.monotonic() < deadline, found.state
        time.sleep(0.005)
    return found


def test_a_job_added_here_is_begun_at_once(
    jobs: Jobs, start: StartRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when a thread looks the next time."""
    monkeypatch.setattr("pacs_proxy.jobs.runner._LOOK_SECONDS", 10 * PATIENCE)
    begun = threading.Semaphore(0)
    start({"k": lambda _: begun.release()})
    for _ in range(6):
        number = add(jobs)
        assert begun.acquire(timeout=PATIENCE)
        wait_for(jobs, number, "done")


def test_a_job_added_elsewhere_is_found(jobs: Jobs, start: StartRunner) -> None:
    start({"k": lambda _: None})
    wait_for(jobs, add(Jobs(jobs.database)), "done")


def test_a_handler_that_finished_in_its_own_transaction_is_not_finished_twice(
    jobs: Jobs, start: StartRunner
) -> None:
    def handle(job: Claimed) -> None:
        with jobs.database.write() as session:
            job.finish(session)

    start({"k": handle})
    assert wait_for(jobs, add(jobs), "done").attempts == 1


def test_later_is_not_a_failure(jobs: Jobs, start: StartRunner) -> None:
    calls: list[int] = []

    def handle(job: Claimed) -> None:
        calls.append(job.attempts)
        if len(calls) < 3:
            raise Later(0, "the archive is away")

    start({"k": handle})
    wait_for(jobs, add(jobs), "done")
    assert calls == [1, 1, 1]


def test_what_always_fails_is_given_up_and_those_who_wait_are_told(
    jobs: Jobs, start: StartRunner
) -> None:
    told: list[int] = []

    def handle(_: Claimed) -> None:
        raise PacsProxyError("It cannot be done.")

    start({"k": handle}, given_up={"k": lambda job: told.append(job.id)})
    number = add(jobs, most_attempts=1)
    assert wait_for(jobs, number, "failed").detail == "It cannot be done."
    assert told == [number]


def test_the_text_of_a_foreign_error_is_not_kept(
    jobs: Jobs, start: StartRunner, caplog: pytest.LogCaptureFixture
) -> None:
    def handle(_: Claimed) -> None:
        raise ValueError("Müller^Jürgen")

    start({"k": handle})
    assert wait_for(jobs, add(jobs, most_attempts=1), "failed").detail == "ValueError"
    assert "Müller" not in "".join(record.getMessage() for record in caplog.records)


def test_a_job_is_not_given_up_before_those_who_wait_were_told(
    jobs: Jobs, start: StartRunner
) -> None:
    tellings: list[int] = []

    def handle(_: Claimed) -> None:
        raise PacsProxyError("x")

    def tell(job: Claimed) -> None:
        tellings.append(job.attempts)
        if len(tellings) < 2:
            raise DatabaseUnavailable("x")

    start({"k": handle}, given_up={"k": tell})
    wait_for(jobs, add(jobs, most_attempts=1), "failed")
    assert tellings == [1, 2]


def test_a_cancelled_job_stops_at_its_next_step(jobs: Jobs, start: StartRunner) -> None:
    started, stopped = threading.Event(), threading.Event()

    def handle(job: Claimed) -> None:
        started.set()
        try:
            while True:
                job.check()
                stopped.wait(0.01)
        finally:
            stopped.set()

    start({"k": handle})
    number = add(jobs)
    assert started.wait(PATIENCE)
    with jobs.database.write() as session:
        jobs.cancel(session, Job.id == number)
    assert stopped.wait(PATIENCE)
    until(lambda: row(jobs, number).owner is None)


def test_a_stop_hands_the_job_back_at_once(jobs: Jobs, start: StartRunner) -> None:
    started = threading.Event()

    def handle(job: Claimed) -> None:
        started.set()
        while True:
            job.check()
            time.sleep(0.01)

    runner = start({"k": handle})
    number = add(jobs)
    assert started.wait(PATIENCE)
    runner.stop(PATIENCE)
    left = row(jobs, number)
    assert (left.state, left.attempts, left.owner) == ("queued", 0, None)
    assert Runner(jobs, {"k": lambda _: None}, []).run_next((SMALL,))
    assert row(jobs, number).state == "done"


def test_a_thread_survives_a_database_that_is_away_for_a_while(
    jobs: Jobs, start: StartRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, refused = jobs.claim_several, threading.Event()

    def away(*_: object) -> None:
        refused.set()
        raise DatabaseUnavailable("x")

    monkeypatch.setattr(jobs, "claim_several", away)
    start({"k": lambda _: None})
    number = add(jobs)
    assert refused.wait(PATIENCE)
    monkeypatch.setattr(jobs, "claim_several", claim)
    wait_for(jobs, number, "done")
