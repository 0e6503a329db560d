"""Which study it is: asked once for each series, and never again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from pacs_proxy.archive.lineage import Lineage, Origin
from pacs_proxy.errors import Interrupted, NotFound
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest
from tests.waiting import PATIENCE

SERIES = {"ID": "series", "ParentStudy": "study", "Instances": ["a", "b", "c"]}
STUDY = {
    "ID": "study",
    "MainDicomTags": {"StudyInstanceUID": "1.2.3"},
    "PatientMainDicomTags": {"PatientID": " P1\0"},
}


class Archive:
    """Answers by path, and notes what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {f"/{path.replace('__', '/')}": value for path, value in answers.items()}
        self.asked: list[str] = []

    def get(self, path: str, interest: Interest) -> Any:
        self.asked.append(path)
        if path not in self.answers:
            raise NotFound("No such object.")
        return self.answers[path]


def lineage(archive: Archive) -> Lineage:
    return Lineage(cast("Client", archive))


def test_one_question_answers_for_all_slices_of_a_series() -> None:
    archive = Archive(instances__a__series=SERIES)
    known = lineage(archive)
    for instance in ("a", "b", "c", "a"):
        assert known.of_instance(instance, Interest()) == "study"
    assert known.of_series("series", Interest()) == "study"
    assert archive.asked == ["/instances/a/series"]


def test_what_a_list_told_is_not_asked() -> None:
    archive = Archive()
    known = lineage(archive)
    known.belong(["x", "y"], "s", "t")
    assert known.of_instance("y", Interest()) == "t"
    assert known.of_series("s", Interest()) == "t"
    assert archive.asked == []


def test_a_study_is_known_by_both_names_and_its_patient() -> None:
    archive = Archive(studies__study=STUDY)
    known = lineage(archive)
    for _ in range(2):
        assert known.origin("study", Interest()) == Origin("study", "1.2.3", "P1")
    assert archive.asked == ["/studies/study"]


def test_slices_asked_for_at_once_cost_one_question() -> None:
    entered, go = threading.Event(), threading.Event()

    class Slow(Archive):
        def get(self, path: str, interest: Interest) -> Any:
            entered.set()
            assert go.wait(PATIENCE)
            return super().get(path, interest)

    archive = Slow(instances__a__series=SERIES, instances__b__series=SERIES)
    known = lineage(archive)
    known._turn = cast("Any", Waiting(known._turn, go))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(known.of_instance, "a", Interest())
        assert entered.wait(PATIENCE)
        second = pool.submit(known.of_instance, "b", Interest())
        assert (first.result(), second.result()) == ("study", "study")
    assert archive.asked == ["/instances/a/series"]


class Waiting:
    """A lock that tells, once the second has come, and then has all patience."""

    def __init__(self, lock: Any, come: threading.Event) -> None:
        self._lock, self._come, self._count = lock, come, 0

    def acquire(self, timeout: float) -> bool:
        self._count += 1
        if self._count == 2:
            self._come.set()
        return bool(self._lock.acquire(timeout=PATIENCE))

    def release(self) -> None:
        self._lock.release()


def test_what_the_archive_does_not_have_is_no_ones() -> None:
    known = lineage(Archive())
    with pytest.raises(NotFound):
        known.of_instance("gone", Interest())
    with pytest.raises(NotFound):
        known.of_series("gone", Interest())


@pytest.mark.parametrize("answer", [[], {}, {"ParentStudy": "x"}, None])
def test_an_answer_in_another_shape_is_no_study(answer: Any) -> None:
    known = lineage(Archive(instances__a__series=answer, studies__s=answer))
    with pytest.raises(Interrupted):
        known.of_instance("a", Interest())
    with pytest.raises(Interrupted):
        known.origin("s", Interest())
