"""For how long an answer of the archive stands for the next one."""

from collections.abc import Callable

import pytest

from pacs_proxy.archive.descriptions import Descriptions
from pacs_proxy.archive.spool import Spool
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.interest import Interest

FIRST = Description("instance", 5, "0" * 32, "uuid")


class Archive:
    """Answers after `seconds`; `meanwhile` happens while it thinks."""

    def __init__(self) -> None:
        self.now = 100.0
        self.seconds = 0.0
        self.meanwhile: Callable[[], None] = lambda: None
        self.answer = FIRST

    def describe(self, _: str, __: Interest) -> Description:
        self.now += self.seconds
        self.meanwhile()
        return self.answer


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
def said(archive: Archive, spool: Spool) -> Descriptions:
    return Descriptions(archive, spool, 1.0, lambda: archive.now)  # type: ignore[arg-type]


def test_an_answer_stands_for_a_second(archive: Archive, said: Descriptions) -> None:
    said.ask("instance", Interest())
    archive.now += 0.99
    assert said.current("instance") == FIRST
    archive.now += 0.02
    assert said.current("instance") is None
    assert said.recent("instance") == FIRST


def test_a_digest_is_known_by_the_file_as_long_as_it_is_remembered(
    archive: Archive, said: Descriptions
) -> None:
    assert said.digest("uuid") is None
    said.ask("instance", Interest())
    archive.now += 3600
    said.forget("instance")
    assert (said.digest("uuid"), said.digest("another")) == ("0" * 32, None)


def test_the_second_begins_with_the_question(archive: Archive, said: Descriptions) -> None:
    """The archive may have looked before the change, and answered after it."""
    archive.seconds = 1.5
    said.ask("instance", Interest())
    assert said.current("instance") is None


def test_a_change_while_the_question_is_under_way_ends_its_answer(
    archive: Archive, said: Descriptions, spool: Spool
) -> None:
    archive.meanwhile = spool.renew
    said.ask("instance", Interest())
    assert said.current("instance") is None


def test_an_answer_without_a_digest_pins_no_fetch_but_is_current(
    archive: Archive, said: Descriptions
) -> None:
    archive.answer = Description("instance", 5, None, "uuid")
    said.ask("instance", Interest())
    assert said.current("instance") == archive.answer
    assert said.recent("instance") is None
