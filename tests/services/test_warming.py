"""What is fetched ahead, and that it never comes before what a reader waits for."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from pacs_proxy.archive.instances import Opened
from pacs_proxy.archive.spool import SpoolFile
from pacs_proxy.errors import Damaged
from pacs_proxy.services.warming import Bounds, Warmer
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.watch import Watch
from tests.waiting import until

PATIENCE = 20.0
BOUNDS = Bounds(series=2, far=0.03, total=1_000, each=300)


@dataclass(frozen=True)
class Image:
    id: str
    size: int = 100


@dataclass
class File:
    """Stands for a spool file."""

    closed: threading.Event = field(default_factory=threading.Event)

    def close(self) -> None:
        self.closed.set()


@dataclass
class Archive:
    """Brings what it is asked for, one by one once its `gate` is shut."""

    asked: list[tuple[str, bool]] = field(default_factory=list)
    interests: list[Interest] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    delay: float = 0.1
    error: Exception | None = None
    has_room: bool = True
    file: File = field(default_factory=File)
    now: float = 0.0

    def bring(self, image: str, is_compact: bool, interest: Interest) -> Opened:
        self.asked.append((image, is_compact))
        self.interests.append(interest)
        if self.error:
            raise self.error
        while not self.gate.is_set():
            interest.sleep(0.005)
        file = cast("SpoolFile", self.file) if self.has_room else None
        return Opened(Description(image, 100, None, image), file)

    @property
    def names(self) -> list[str]:
        return [image for image, _ in self.asked]


@pytest.fixture
def archive() -> Archive:
    archive = Archive()
    archive.gate.set()
    return archive


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.close()


@pytest.fixture
def warmer(archive: Archive, watch: Watch) -> Warmer:
    return Warmer(archive.bring, lambda: archive.delay, watch, BOUNDS, lambda: archive.now)


def is_over(warmer: Warmer) -> bool:
    return not warmer._under_way


def test_a_series_comes_in_its_order_as_far_as_its_share_of_the_spool(
    archive: Archive, warmer: Warmer
) -> None:
    listed = [Image("large", 301), *(Image(f"i{n}") for n in range(12))]
    warmer.opened("series", listed)
    until(lambda: is_over(warmer))
    assert archive.names == [f"i{n}" for n in range(10)]


def test_nothing_is_fetched_ahead_from_a_near_archive(archive: Archive, warmer: Warmer) -> None:
    archive.delay = 0.002
    warmer.opened("series", [Image("i")])
    assert is_over(warmer)
    assert archive.asked == []


def test_no_image_is_begun_while_a_reader_waits_for_one_and_his_is_not_fetched_twice(
    archive: Archive, warmer: Warmer
) -> None:
    archive.gate.clear()
    warmer.opened("series", [Image(f"i{n}") for n in range(4)])
    until(lambda: archive.names == ["i0"])
    with warmer.visible("i1", is_compact=True):
        archive.gate.set()
        # It goes through what it had begun, and no further.
        assert archive.file.closed.wait(PATIENCE)
        assert archive.names == ["i0"]
    until(lambda: is_over(warmer))
    assert archive.asked == [("i0", False), ("i2", True), ("i3", True)]


def test_it_ends_in_the_middle_of_an_image_when_the_reader_has_left(
    archive: Archive, warmer: Warmer
) -> None:
    archive.gate.clear()
    warmer.opened("series", [Image("i0"), Image("i1")])
    until(lambda: archive.names == ["i0"])
    archive.now = BOUNDS.lease + 1
    until(lambda: is_over(warmer))
    assert archive.names == ["i0"]


def test_whoever_is_asked_for_keeps_its_series_going(archive: Archive, warmer: Warmer) -> None:
    archive.gate.clear()
    warmer.opened("series", [Image("i0"), Image("i1")])
    until(lambda: archive.names == ["i0"])
    archive.now = BOUNDS.lease - 1
    with warmer.visible("i1"):
        archive.now = BOUNDS.lease + 1
    archive.gate.set()
    until(lambda: is_over(warmer))
    assert archive.interests[0].is_lost is False


def test_the_series_opened_longest_ago_makes_way_and_may_be_opened_again(
    archive: Archive, warmer: Warmer
) -> None:
    archive.gate.clear()
    for name in ("one", "two", "three"):
        warmer.opened(name, [Image(name)])
        until(lambda name=name: name in archive.names)  # type: ignore[misc]
    assert [interest.is_lost for interest in archive.interests] == [True, False, False]
    archive.gate.set()
    until(lambda: is_over(warmer))
    warmer.opened("one", [Image("one")])
    until(lambda: archive.names.count("one") == 2)


@pytest.mark.parametrize("trouble", ["error", "full"])
def test_what_fails_ahead_ends_quietly(archive: Archive, warmer: Warmer, trouble: str) -> None:
    archive.error = Damaged("It is damaged.") if trouble == "error" else None
    archive.has_room = trouble != "full"
    warmer.opened("series", [Image("i0"), Image("i1")])
    until(lambda: is_over(warmer))
    assert archive.names == ["i0"]
