"""Several questions at a time, and nobody left behind when they end."""

import threading
from collections.abc import Callable

import pytest

from pacs_proxy.archive.describing import BESIDE, Describing
from pacs_proxy.errors import NotFound, Unreachable
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.interest import Abandoned, Interest
from tests.waiting import PATIENCE

NAMES = [f"i{n}" for n in range(40)]
Ask = Callable[[str, Interest], Description]


def described(name: str, _: Interest) -> Description:
    return Description(name, 10, "0" * 32, name)


def asking(ask: Ask) -> Describing:
    return Describing(NAMES, ask, lambda: True)


def test_each_is_asked_about_once_and_one_that_is_gone_does_not_end_the_rest() -> None:
    asked: list[str] = []

    def ask(name: str, interest: Interest) -> Description:
        asked.append(name)
        if name == "i7":
            raise NotFound("gone")
        return described(name, interest)

    found = asking(ask).run(Interest())
    assert sorted(asked) == sorted(found) == sorted(NAMES)
    assert isinstance(found["i7"], NotFound)


def test_questions_are_under_way_side_by_side() -> None:
    """They meet: one after another they never would."""
    together = threading.Barrier(1 + BESIDE, timeout=PATIENCE)

    def ask(name: str, interest: Interest) -> Description:
        if name in NAMES[: 1 + BESIDE]:
            together.wait()
        return described(name, interest)

    assert len(asking(ask).run(Interest())) == len(NAMES)


def test_a_failure_of_the_archive_is_the_lists_and_ends_the_others_at_once() -> None:
    client, met = Interest(), threading.Barrier(1 + BESIDE, timeout=PATIENCE)
    threads: set[threading.Thread] = set()

    def ask(name: str, interest: Interest) -> Description:
        threads.add(threading.current_thread())
        met.wait()
        if interest is client:
            raise Unreachable("away")
        interest.sleep(PATIENCE)
        return described(name, interest)

    with pytest.raises(Unreachable):
        asking(ask).run(client)
    assert [thread for thread in threads if thread.is_alive()] == [threading.current_thread()]


def test_a_failure_met_beside_is_the_lists_too() -> None:
    client, met = Interest(), threading.Barrier(1 + BESIDE, timeout=PATIENCE)

    def ask(name: str, interest: Interest) -> Description:
        if name in NAMES[: 1 + BESIDE]:
            met.wait()
        if interest is not client:
            raise Unreachable("away")
        return described(name, interest)

    with pytest.raises(Unreachable):
        asking(ask).run(client)


def test_a_client_who_leaves_ends_all_questions() -> None:
    client, met = Interest(), threading.Barrier(1 + BESIDE, timeout=PATIENCE)

    def ask(name: str, interest: Interest) -> Description:
        if met.wait() == 0:
            client.lose()
        interest.sleep(PATIENCE)
        return described(name, interest)

    with pytest.raises(Abandoned):
        asking(ask).run(client)
