"""What a study is like is asked for every few seconds, and believed while the archive is away."""

from typing import Any

import pytest

from pacs_proxy.access.restriction import Traits
from pacs_proxy.archive.traits import TRUST, StudyTraits
from pacs_proxy.errors import NotFound, Unreachable
from pacs_proxy.upstream.interest import Interest

SERIES = [{"ID": kind, "MainDicomTags": {"Modality": kind}} for kind in ("CT", "SR")]


class Archive:
    """Only what is asked of it here."""

    def __init__(self) -> None:
        self.study: dict[str, Any] = {"MainDicomTags": {"InstitutionName": "N"}, "Labels": ["a"]}
        self.trouble: Exception | None = None
        self.asked = 0

    def get(self, path: str, _: Interest) -> Any:
        if self.trouble:
            raise self.trouble
        self.asked += 1
        return SERIES if path.endswith("/series") else self.study


class Bench:
    def __init__(self) -> None:
        self.now, self.archive, self.own = 0.0, Archive(), {"s": ["b"]}
        self.traits = StudyTraits(self.archive, lambda _: self.own, lambda: self.now)  # type: ignore[arg-type]

    def of(self) -> Traits:
        return self.traits.of("s", Interest())


def test_labels_of_the_archive_and_ours_institution_and_modalities_count() -> None:
    expected = Traits(frozenset("ab"), frozenset("N"), frozenset({"CT", "SR"}))
    assert Bench().of() == expected


def test_it_is_asked_again_after_some_seconds_and_not_before() -> None:
    bench = Bench()
    bench.of()
    bench.archive.study, bench.own = {}, {}
    bench.now = TRUST - 0.1
    assert bench.of().labels == {"a", "b"}
    bench.now = TRUST
    assert bench.of().labels == frozenset()


def test_while_the_archive_is_away_its_last_word_holds_and_our_labels_are_asked() -> None:
    bench = Bench()
    bench.of()
    bench.now, bench.own, bench.archive.trouble = TRUST, {}, Unreachable("away")
    assert bench.of() == Traits(frozenset("a"), frozenset("N"), frozenset({"CT", "SR"}))


@pytest.mark.parametrize("trouble", [Unreachable("away"), NotFound("gone")])
def test_what_is_not_known_is_not_guessed(trouble: Exception) -> None:
    bench = Bench()
    bench.archive.trouble = trouble
    with pytest.raises(type(trouble)):
        bench.of()


def test_what_is_gone_is_not_remembered() -> None:
    bench = Bench()
    bench.of()
    bench.now, bench.archive.trouble = TRUST, NotFound("gone")
    with pytest.raises(NotFound):
        bench.of()
