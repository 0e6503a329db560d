"""Writers who wait share a commit; each has its own end."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from pacs_proxy.database import Batch, Database
from pacs_proxy.together import Together
from tests.waiting import PATIENCE


def adding(name: str) -> Callable[[Session], str]:
    def add(session: Session) -> str:
        session.add(Batch(id=name, owner="me", created=1.0))
        session.flush()
        return name

    return add


def names(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.scalars(select(Batch.id)))


def at_once(together: Together, steps: list[Callable[[Session], str]]) -> list[object]:
    """All of them while the first one is at work; what each gave or raised."""
    begun, going = threading.Event(), threading.Event()
    results: dict[int, object] = {}

    def slow(_: Session) -> str:
        begun.set()
        assert going.wait(PATIENCE)
        return "first"

    def run(number: int) -> None:
        try:
            results[number] = together.run(steps[number])
        except ValueError as error:
            results[number] = error

    first = threading.Thread(target=together.run, args=(slow,))
    first.start()
    assert begun.wait(PATIENCE)
    others = [threading.Thread(target=run, args=(number,)) for number in range(len(steps))]
    for thread in others:
        thread.start()
    while len(together._wishes) < len(steps):
        threading.Event().wait(0.005)
    going.set()
    for thread in (first, *others):
        thread.join(PATIENCE)
    return [results[number] for number in range(len(steps))]


def test_those_who_wait_share_one_commit(database: Database) -> None:
    commits: list[object] = []
    event.listen(database._engine, "commit", commits.append)
    assert at_once(Together(database), [adding(name) for name in "abc"]) == ["a", "b", "c"]
    assert len(commits) == 2
    assert names(database) == ["a", "b", "c"]


def test_a_step_that_fails_is_undone_alone_and_told_alone(database: Database) -> None:
    def fails(session: Session) -> str:
        adding("never")(session)
        raise ValueError("x")

    found = at_once(Together(database), [adding("a"), fails, adding("b")])
    assert [str(each) for each in found] == ["a", "x", "b"]
    assert names(database) == ["a", "b"]


def test_what_is_answered_is_there_for_others(database: Database) -> None:
    assert Together(database).run(adding("a")) == "a"
    assert names(database) == ["a"]
    with pytest.raises(ValueError, match="x"):
        Together(database).run(lambda _: (_ for _ in ()).throw(ValueError("x")))
