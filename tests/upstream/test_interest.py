"""A wish for bytes ends once, wakes whoever works for it, and touches nobody else's work."""

import threading

import pytest

from pacs_proxy.upstream.interest import Abandoned, Interest
from tests.upstream.world import Clock
from tests.waiting import PATIENCE


def test_losing_it_breaks_off_what_is_held_and_refuses_what_would_come() -> None:
    interest, broken = Interest(), list[str]()
    interest.hold(lambda: broken.append("now"))
    interest.lose()
    interest.lose()
    assert broken == ["now"]
    assert interest.is_lost
    for step in (interest.check, lambda: interest.sleep(60), lambda: interest.hold(broken.clear)):
        with pytest.raises(Abandoned):
            step()


def test_what_was_let_go_is_not_broken_off() -> None:
    interest, broken = Interest(), list[str]()
    interest.hold(lambda: broken.append("now"))
    interest.let_go()
    interest.lose()
    assert broken == []


def test_a_connection_is_not_let_go_while_it_is_broken_off() -> None:
    """Else it could be another request's by then."""
    interest, order = Interest(), list[str]()
    aborting, may_end = threading.Event(), threading.Event()

    def abort() -> None:
        aborting.set()
        may_end.wait(PATIENCE)
        order.append("broken off")

    interest.hold(abort)
    loser = threading.Thread(target=interest.lose)
    loser.start()
    aborting.wait(PATIENCE)

    def let_go() -> None:
        interest.let_go()
        order.append("let go")

    leaver = threading.Thread(target=let_go)
    leaver.start()
    leaver.join(0.05)
    may_end.set()
    loser.join()
    leaver.join()
    assert order == ["broken off", "let go"]


def test_a_sleep_ends_when_the_client_leaves() -> None:
    interest = Interest()
    threading.Timer(0.02, interest.lose).start()
    with pytest.raises(Abandoned):
        interest.sleep(60)


def test_patience_is_counted_from_the_last_progress() -> None:
    clock = Clock()
    interest = Interest(clock)
    clock.now += 20
    assert interest.waited == 20
    interest.stalls = 3
    interest.progress()
    clock.now += 5
    assert (interest.waited, interest.stalls) == (5, 0)
