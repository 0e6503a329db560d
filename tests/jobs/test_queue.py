"""A job is done once, by one, whatever died before; and nobody ends what is not his."""

import threading
from collections.abc import Callable
from typing import Unpack

import pytest

from pacs_proxy.database import Database, Job
from pacs_proxy.jobs import BIG, PROMPT, SMALL, Claimed, Jobs, Lost, process
from pacs_proxy.jobs.queue import LEASE_SECONDS, Particulars

STUDY = "11111111-22222222-33333333-44444444-55555555"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(database: Database, clock: Clock) -> Jobs:
    return Jobs(database, clock)


def add(jobs: Jobs, **more: Unpack[Particulars]) -> int:
    with jobs.database.write() as session:
        return jobs.add(session, "k", {"a": 1}, **more)


def claimed(jobs: Jobs, *lanes: str) -> Claimed:
    found = jobs.claim("me", lanes or (SMALL,))
    assert found
    return found


def row(jobs: Jobs, number: int) -> Job:
    with jobs.database.read() as session:
        return session.get_one(Job, number)


def test_a_job_comes_with_what_it_was_added_with_and_is_done_once(jobs: Jobs) -> None:
    number = add(jobs, upload_id="u", study_id=STUDY)
    job = claimed(jobs)
    assert (job.id, job.kind, job.payload) == (number, "k", {"a": 1})
    assert (job.upload_id, job.study_id, job.attempts) == ("u", STUDY, 1)
    assert jobs.claim("other", (SMALL,)) is None
    jobs.finish(job)
    assert jobs.claim("other", (SMALL,)) is None
    assert row(jobs, number).state == "done"


def test_a_job_of_an_undone_transaction_never_was(jobs: Jobs) -> None:
    woken: list[str] = []
    jobs.on_added(woken.append)
    with pytest.raises(ValueError, match="x"), jobs.database.write() as session:  # noqa: PT012
        jobs.add(session, "k", {})
        raise ValueError("x")
    assert woken == []
    assert jobs.claim("me", (SMALL,)) is None
    add(jobs, lane=PROMPT)
    assert woken == [PROMPT]


def test_the_longest_waiting_comes_first_and_none_before_its_time(jobs: Jobs, clock: Clock) -> None:
    later = add(jobs, not_before=clock.now + 5)
    first, second = add(jobs), add(jobs)
    urgent = add(jobs, lane=PROMPT)
    lanes = (SMALL, PROMPT)
    assert [claimed(jobs, *lanes).id for _ in range(3)] == [urgent, first, second]
    assert jobs.claim("me", lanes) is None
    clock.now += 5
    assert jobs.due() == {SMALL}
    assert claimed(jobs).id == later
    assert jobs.due() == set()


def test_other_lanes_are_left_alone(jobs: Jobs) -> None:
    add(jobs, lane=BIG)
    assert jobs.claim("me", (SMALL, PROMPT)) is None


def test_of_the_big_ones_one_is_at_work(jobs: Jobs, clock: Clock) -> None:
    first, second, small = add(jobs, lane=BIG), add(jobs, lane=BIG), add(jobs)
    job = claimed(jobs, BIG)
    assert job.id == first
    assert jobs.claim("other", (BIG,)) is None
    assert claimed(jobs, BIG, SMALL).id == small
    clock.now += LEASE_SECONDS + 1
    again = claimed(jobs, BIG)
    assert (again.id, again.attempts) == (first, 2)
    jobs.finish(again)
    assert claimed(jobs, BIG).id == second


def test_an_expired_lease_is_taken_over_and_its_zombie_can_do_nothing(
    jobs: Jobs, clock: Clock
) -> None:
    add(jobs)
    zombie = claimed(jobs)
    clock.now += LEASE_SECONDS + 1
    heir = claimed(jobs)
    assert heir.attempts == 2
    attempts: list[Callable[[], object]] = [
        lambda: jobs.finish(zombie),
        lambda: jobs.fail(zombie, 1.0),
        lambda: jobs.fail(zombie, None),
        lambda: jobs.postpone(zombie, 0),
        lambda: zombie.report(1, 1),
    ]
    for attempt in attempts:
        with pytest.raises(Lost):
            attempt()
    jobs.heartbeat([zombie])
    jobs.release(zombie)
    jobs.finish(heir)
    assert zombie.lost.is_set()
    assert not heir.lost.is_set()


def test_a_zombies_results_are_undone_with_it(jobs: Jobs, clock: Clock) -> None:
    add(jobs)
    zombie = claimed(jobs)
    clock.now += LEASE_SECONDS + 1
    claimed(jobs)
    with pytest.raises(Lost), jobs.database.write() as session:  # noqa: PT012
        jobs.add(session, "result", {})
        zombie.finish(session)
    assert jobs.claim("me", (SMALL,)) is None


def test_a_heartbeat_keeps_the_lease(jobs: Jobs, clock: Clock) -> None:
    add(jobs)
    job = claimed(jobs)
    for _ in range(5):
        clock.now += LEASE_SECONDS - 1
        jobs.heartbeat([job])
        assert jobs.claim("other", (SMALL,)) is None
    jobs.finish(job)


def test_a_failure_is_tried_again_later_and_not_for_ever(jobs: Jobs, clock: Clock) -> None:
    number = add(jobs, most_attempts=2)
    jobs.fail(claimed(jobs), 5.0, "why")
    assert jobs.claim("me", (SMALL,)) is None
    assert row(jobs, number).detail == "why"
    clock.now += 5
    last = claimed(jobs)
    assert (last.attempts, last.is_exhausted) == (2, False)
    clock.now += LEASE_SECONDS + 1
    assert claimed(jobs).is_exhausted


def test_waiting_for_the_archive_is_no_attempt(jobs: Jobs, clock: Clock) -> None:
    add(jobs)
    for _ in range(30):
        job = claimed(jobs)
        assert job.attempts == 1
        jobs.postpone(job, 2.0, "archive away")
        clock.now += 2


def test_cancelling_stops_the_waiting_and_tells_the_working(jobs: Jobs, clock: Clock) -> None:
    working, waiting, other = add(jobs, study_id=STUDY), add(jobs, study_id=STUDY), add(jobs)
    job = claimed(jobs)
    assert job.id == working
    with jobs.database.write() as session:
        jobs.cancel(session, Job.study_id == STUDY)
    assert (row(jobs, working).state, row(jobs, waiting).state) == ("cancelled",) * 2
    assert claimed(jobs).id == other
    clock.now += LEASE_SECONDS - 1
    jobs.heartbeat([job])
    with pytest.raises(Lost):
        job.check()
    clock.now += LEASE_SECONDS - 1
    with jobs.database.read() as session:
        assert jobs.at_work(session, Job.study_id == STUDY)
    jobs.release(job)
    with jobs.database.read() as session:
        assert not jobs.at_work(session, Job.study_id == STUDY)


def test_a_cancelled_job_whose_process_died_is_at_work_no_longer_than_its_lease(
    jobs: Jobs, clock: Clock
) -> None:
    number = add(jobs)
    claimed(jobs)
    with jobs.database.write() as session:
        jobs.cancel(session, Job.id == number)
    clock.now += LEASE_SECONDS + 1
    with jobs.database.read() as session:
        assert not jobs.at_work(session, Job.id == number)
    assert jobs.claim("me", (SMALL,)) is None


def test_who_died_is_buried_once_whatever_became_of_his_jobs(jobs: Jobs) -> None:
    dead = f"{process.name().rpartition(':')[0]}:1"
    cancelled, running = add(jobs), add(jobs)
    for _ in range(2):
        assert jobs.claim(dead, (SMALL,))
    with jobs.database.write() as session:
        jobs.cancel(session, Job.id == cancelled)
    jobs.bury()
    assert (row(jobs, cancelled).state, row(jobs, cancelled).owner) == ("cancelled", None)
    again = jobs.claim(process.name(), (SMALL,))
    assert again
    assert again.id == running
    assert not process.dead(jobs.held())


def test_progress_and_study_can_be_seen(jobs: Jobs) -> None:
    number = add(jobs)
    job = claimed(jobs)
    job.report(5, 10)
    with jobs.database.write() as session:
        job.concerns(session, STUDY)
    seen = row(jobs, number)
    assert (seen.progress, seen.total, seen.study_id) == (5, 10, STUDY)


def test_many_claimers_share_the_jobs_without_overlap(jobs: Jobs) -> None:
    numbers = {add(jobs) for _ in range(60)}
    done: list[int] = []

    def work() -> None:
        while (job := jobs.claim("me", (SMALL,))) is not None:
            done.append(job.id)
            jobs.finish(job)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # PostgreSQL's claimers skip what another looks at, so they may leave early; nothing is lost.
    work()
    assert sorted(done) == sorted(numbers)


def test_old_ends_are_forgotten_and_nothing_else(jobs: Jobs, clock: Clock) -> None:
    ended, waiting = add(jobs), add(jobs)
    jobs.finish(claimed(jobs))
    clock.now += 100
    jobs.forget(50)
    with jobs.database.read() as session:
        assert session.get(Job, ended) is None
        assert session.get(Job, waiting)
