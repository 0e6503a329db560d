"""One fetch for many readers, whole and verified, whoever dies on the way."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pacs_proxy.errors import Damaged, Interrupted, NotFound, PacsProxyError
from pacs_proxy.upstream.interest import Abandoned, Interest
from tests.archive.opening import (
    INSTANCE,
    LARGE,
    OTHER,
    SMALL,
    Process,
    Worker,
    Workers,
    names,
    together,
    whole,
)
from tests.fakes import Always, FakeOrthanc, Scripted, faults
from tests.waiting import PATIENCE, until


def in_threads(count: int, work: Callable[[], object]) -> list[object]:
    results: list[object] = []

    def run() -> None:
        try:
            results.append(work())
        except PacsProxyError as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize(("instance", "data"), [(INSTANCE, SMALL), (OTHER, LARGE)])
def test_many_threads_share_one_fetch(
    orthanc: FakeOrthanc, workers: Workers, instance: str, data: bytes
) -> None:
    here = workers()
    orthanc.plan = Always(faults.slow_first_byte(0.1))
    got = in_threads(16, lambda: here.read(instance) == data)
    assert got == [True] * 16
    assert orthanc.counts["data"] == 1


@pytest.mark.parametrize("instance", [INSTANCE, OTHER])
def test_many_processes_share_one_fetch(
    orthanc: FakeOrthanc, other_process: Callable[..., Process], instance: str
) -> None:
    orthanc.plan = Always(faults.slow_first_byte(0.1))
    processes = [other_process(instance, threads=4) for _ in range(3)]
    answers = [process.communicate(timeout=PATIENCE)[0] for process in together(processes)]
    size = len(SMALL if instance == INSTANCE else LARGE)
    assert answers == [f"{[size] * 4}\n".encode()] * 3
    assert orthanc.counts["data"] == 1


def test_what_was_verified_once_is_not_fetched_again(
    orthanc: FakeOrthanc, workers: Workers
) -> None:
    first, second = workers(), workers()
    assert [first.read(INSTANCE), second.read(INSTANCE), first.read(INSTANCE)] == [SMALL] * 3
    assert orthanc.counts["data"] == 1


def test_a_replaced_instance_is_never_answered_from_the_spool(
    orthanc: FakeOrthanc, workers: Workers
) -> None:
    here = workers(trust_seconds=0.0)
    here.read(INSTANCE)
    orthanc.add(INSTANCE, SMALL[::-1])
    assert here.read(INSTANCE) == SMALL[::-1]


def test_the_archive_is_asked_once_for_what_is_read_again_in_the_same_moment(
    orthanc: FakeOrthanc, workers: Workers
) -> None:
    here = workers(trust_seconds=60.0)
    assert [here.read(INSTANCE) for _ in range(3)] == [SMALL] * 3
    assert orthanc.counts["info"] == 1


def test_a_replacement_of_our_own_is_noticed_by_all_workers_at_once(
    orthanc: FakeOrthanc, workers: Workers
) -> None:
    first, second = workers(trust_seconds=60.0), workers(trust_seconds=60.0)
    assert [first.read(INSTANCE), second.read(INSTANCE)] == [SMALL] * 2
    orthanc.add(INSTANCE, SMALL[::-1])
    first.instances.forget(INSTANCE)
    assert [first.read(INSTANCE), second.read(INSTANCE)] == [SMALL[::-1]] * 2


def test_a_deletion_of_our_own_is_noticed_by_all_workers_at_once(
    orthanc: FakeOrthanc, workers: Workers
) -> None:
    first, second = workers(trust_seconds=60.0), workers(trust_seconds=60.0)
    assert [first.read(INSTANCE), second.read(INSTANCE)] == [SMALL] * 2
    orthanc.store.remove(INSTANCE)
    first.instances.forget(INSTANCE)
    for each in (first, second):
        with pytest.raises(NotFound):
            each.read(INSTANCE)


def test_an_instance_replaced_while_it_is_fetched_comes_whole_in_its_new_form(
    orthanc: FakeOrthanc, workers: Workers
) -> None:
    orthanc.plan = Scripted([faults.overwritten_after(0.5, SMALL[::-1])])
    assert workers().read(INSTANCE) == SMALL[::-1]


def test_an_instance_replaced_each_time_is_given_up(orthanc: FakeOrthanc, workers: Workers) -> None:
    orthanc.plan = Always(faults.changed_etag())
    with pytest.raises(Interrupted):
        workers().read(INSTANCE)
    assert orthanc.counts["data"] == 3


def test_a_fetcher_killed_leaves_the_key_free(
    orthanc: FakeOrthanc, workers: Workers, other_process: Callable[..., Process]
) -> None:
    orthanc.plan = Scripted([faults.stall_after(0.5)])
    process = other_process(INSTANCE)
    together([process])
    until(lambda: orthanc.counts["data"] == 1)
    waiting = threading.Thread(target=lambda: got.append(workers().read(INSTANCE)))
    got: list[bytes] = []
    waiting.start()
    until(lambda: orthanc.counts["info"] == 2)
    process.kill()
    waiting.join(PATIENCE)
    assert got == [SMALL]
    assert orthanc.counts["data"] == 2


def test_a_failed_fetch_is_everybodys_failure_and_leaves_nothing(
    orthanc: FakeOrthanc, workers: Workers, tmp_path: Path
) -> None:
    orthanc.store.damage(INSTANCE, faults.flipped(SMALL, 0.5))
    here = workers()
    got = in_threads(3, lambda: here.read(INSTANCE))
    assert [type(error) for error in got] == [Damaged] * 3
    assert names(tmp_path / "files") == []
    assert here.control.spool_used == 0


def test_an_unknown_instance_is_not_found(workers: Workers) -> None:
    with pytest.raises(NotFound):
        workers().read("00000000-00000000-00000000-00000000-00000000")


def test_a_client_that_leaves_others_waiting_does_not_stop_the_fetch(
    orthanc: FakeOrthanc, workers: Workers
) -> None:
    """The watch asks again and again; as long as another follows, the answer is no."""
    orthanc.plan = Scripted([faults.stall_after(0.5, 0.6)])
    here, first = workers(), Interest()
    here.instances._watch.add(first, lambda: True)
    got: list[object] = []
    threads = [
        threading.Thread(target=lambda: got.append(attempt(here, first))),
        threading.Thread(target=lambda: got.append(attempt(here, Interest()))),
    ]
    threads[1].start()
    threads[0].start()
    for thread in threads:
        thread.join()
    assert SMALL in got
    assert orthanc.counts["data"] <= 2


def attempt(here: Worker, interest: Interest) -> object:
    try:
        opened = here.instances.open(INSTANCE, interest)
    except Abandoned:
        return Abandoned
    try:
        return whole(opened, interest)
    finally:
        opened.close()
