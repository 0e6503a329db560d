"""Departures are noticed, and only by those who work for the one that left."""

import threading

import pytest

from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.watch import Watch
from tests.waiting import PATIENCE


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Without its thread: the tests look themselves."""
    monkeypatch.setattr(Watch, "_ensure_running", lambda _: None)
    return Watch()


def test_an_interest_nobody_has_any_more_is_lost(watch: Watch) -> None:
    left, stayed = Interest(), Interest()
    watch.add(left, lambda: True)
    watch.add(stayed, lambda: False)
    watch.look()
    assert (left.is_lost, stayed.is_lost) == (True, False)


def test_work_that_others_share_goes_on(watch: Watch) -> None:
    interest, shared = Interest(), [True]
    interest.is_shared = lambda: shared[0]
    watch.add(interest, lambda: True)
    watch.look()
    assert not interest.is_lost
    shared.clear()
    shared.append(False)
    watch.look()
    assert interest.is_lost


def test_what_is_over_is_not_watched_any_more(watch: Watch) -> None:
    interest = Interest()
    with watch.over(interest, lambda: True):
        pass
    watch.look()
    assert not interest.is_lost


def test_ended_requests_are_forgotten(watch: Watch) -> None:
    for _ in range(100):
        watch.add(Interest(), lambda: False)
    assert len(watch._watched) == 0


def test_one_question_that_fails_does_not_end_the_watch(watch: Watch) -> None:
    """Without its thread no departure would ever be noticed again."""
    broken, left = Interest(), Interest()

    def fail() -> bool:
        raise RuntimeError("a bug")

    watch.add(broken, fail)
    watch.add(left, lambda: True)
    watch.look()
    assert left.is_lost


def test_the_thread_looks_by_itself() -> None:
    watch, interest, noticed = Watch(), Interest(), threading.Event()
    interest.hold(noticed.set)
    watch.add(interest, lambda: True)
    assert noticed.wait(PATIENCE)
    watch.close()
