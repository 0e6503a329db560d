"""Lists as a reader expects them, from whatever this Orthanc can do for us."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import pytest

from pacs_proxy.archive import summaries
from pacs_proxy.archive.describing import BESIDE
from pacs_proxy.archive.studies import Search, Studies
from pacs_proxy.errors import Damaged, NotFound, PacsProxyError, Refused, UpstreamError
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest
from tests.archive.answering import (
    BULK,
    Archive,
    archive,
    image,
    names,
    page,
    series,
    studies_of,
    study,
)
from tests.upstream.world import Clock

NEW: dict[str, Any] = {"Capabilities": {"HasExtendedFind": True}}


def test_studies_come_newest_first_where_the_archive_cannot_sort() -> None:
    held = archive(study("a", "20200101"), study("b", "20240101"), study("c", "20220101"))
    found = page(held)
    assert (names(found), found.total, found.more, found.sorted) == (
        ["b", "c", "a"],
        3,
        False,
        True,
    )


def test_pages_are_parts_of_one_order() -> None:
    held = archive(*(study(f"{n}", f"2020010{n}") for n in range(1, 8)))
    pages = [page(held, limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [names(p) for p in pages] == [["7", "6", "5"], ["4", "3", "2"], ["1"]]
    assert [p.more for p in pages] == [True, True, False]


def test_the_archive_sorts_and_counts_where_it_can() -> None:
    held = archive(study("b"), study("a"), study("c"), system=NEW)
    held.answers["/tools/count-resources"] = {"Count": "812"}
    found = page(held, limit=2, offset=10)
    assert (names(found), found.total, found.more, found.sorted) == (["b", "a"], 812, True, True)
    [question] = held.questions("/tools/find")
    assert (question["Limit"], question["Since"]) == (3, 10)
    assert [order["Key"] for order in question["OrderBy"]] == ["StudyDate", "StudyTime"]


def test_too_many_to_sort_come_as_they_are_and_say_so() -> None:
    def find(question: dict[str, Any]) -> list[dict[str, Any]]:
        return [study("a")] * min(question["Limit"], 5000)

    found = page(archive(study("a"), **{"/tools/find": find}), limit=10)
    assert (len(found.items), found.total, found.more, found.sorted) == (10, None, True, False)


def test_capabilities_are_asked_once_a_minute() -> None:
    held, clock = archive(), Clock()
    studies = studies_of(held, clock)
    for _ in range(3):
        studies.page(Search(), 5, 0, Interest())
    clock.now += 61
    studies.page(Search(), 5, 0, Interest())
    assert len(held.questions("/system")) == 2


def test_a_study_deleted_while_it_is_listed_costs_only_itself() -> None:
    held = archive(study("a", "20200101"), study("b", "20210101"))
    held.answers["/studies/a/series"] = NotFound("gone")
    assert names(page(held)) == ["b"]


@pytest.mark.parametrize(
    ("search", "query"),
    [
        (Search(), {}),
        (Search(patient_name="doe"), {"PatientName": "*doe*"}),
        (Search(patient_name="doe*"), {"PatientName": "doe*"}),
        (Search(patient_id=" 4711 "), {"PatientID": "*4711*"}),
        (Search(description="a\\b"), {"StudyDescription": "*a b*"}),
        (Search(accession="  "), {}),
        (Search(modality="CT"), {"ModalitiesInStudy": "CT"}),
        (Search(date_from="20200101"), {"StudyDate": "20200101-"}),
        (Search(date_to="20200101"), {"StudyDate": "-20200101"}),
        (Search(date_from="20190101", date_to="20200101"), {"StudyDate": "20190101-20200101"}),
    ],
)
def test_text_matches_anywhere_and_never_means_or(search: Search, query: dict[str, str]) -> None:
    assert search.query() == query


def whole_series(**infos: Any) -> Archive:
    described = {f"info {n}": Description(n, 10, "0" * 32, n) for n in "xyz"}
    return archive(
        **{
            "/series/s": series("s"),
            "/studies/a": study("a"),
            "/studies/a/series": [series("t", "2"), series("s", "1"), series("u", "")],
            "/series/s/instances": [image("x", 3.0), image("y", 1.0), image("z", 2.0)],
            **described,
            **{f"info {name}": value for name, value in infos.items()},
        }
    )


def test_a_series_lies_in_viewing_order() -> None:
    found = studies_of(whole_series()).series("s", Interest())
    assert [instance.id for instance in found.instances] == ["y", "z", "x"]
    assert (found.skipped, found.study.id) == ([], "a")


@dataclass
class Long:
    """A series of so many slices, stored from the last to the first."""

    count: int
    held: Archive = field(init=False)

    def __post_init__(self) -> None:
        names = [f"i{n:04}" for n in range(self.count)]
        found = [image(name, float(n)) | {"FileUuid": f"u{n}"} for n, name in enumerate(names)]
        infos = {
            f"info {name}": Description(name, 10, f"{n:032x}", f"u{n}")
            for n, name in enumerate(names)
        }
        answers = {"/series/s": series("s"), "/series/s/instances": found[::-1]}
        self.held = archive(study("a"), **{"/studies/a": study("a")}, **answers, **infos)

    @property
    def described(self) -> int:
        return sum(path.startswith("info ") for path, _ in self.held.asked)


def test_a_series_of_thousands_costs_no_more_questions_than_one_of_hundreds() -> None:
    long = Long(2000)
    instances = studies_of(long.held).series("s", Interest()).instances
    assert long.described == 256
    assert [one.md5 for one in instances[:256]] == [f"{n:032x}" for n in range(256)]
    assert {one.md5 for one in instances[256:]} == {None}
    assert (len(instances), {one.size for one in instances}) == (2000, {10})


def test_a_series_of_a_far_archive_waits_half_a_second_for_digests_and_no_longer() -> None:
    long, clock, turn = Long(200), Clock(), threading.Lock()

    def far(instance: str, interest: Interest) -> Description:
        with turn:
            clock.now += 0.3
        return long.held.describe(instance, interest)

    studies = Studies(cast("Client", long.held), far, lambda _: None, clock)
    instances = studies.series("s", Interest()).instances
    assert [one.md5 for one in instances[:2]] == [f"{n:032x}" for n in range(2)]
    assert {one.md5 for one in instances[2 + BESIDE :]} == {None}


def test_a_long_series_opened_again_asks_for_no_more_digests() -> None:
    long = Long(600)
    studies = studies_of(long.held)
    first, second = (studies.series("s", Interest()).instances for _ in range(2))
    assert (first, long.described) == (second, 256)


def test_a_digest_once_told_is_not_asked_for_again() -> None:
    long = Long(20)
    studies = studies_of(long.held)
    first, second = (studies.series("s", Interest()).instances for _ in range(2))
    assert (first, long.described) == (second, 20)


def test_another_file_under_the_same_name_is_asked_about() -> None:
    long = Long(3)
    studies = studies_of(long.held)
    studies.series("s", Interest())
    long.held.answers["/series/s/instances"][0]["FileUuid"] = "replaced"
    long.held.answers["info i0002"] = Description("i0002", 10, "f" * 32, "replaced")
    assert studies.series("s", Interest()).instances[2].md5 == "f" * 32


@pytest.mark.parametrize("error", [NotFound("gone"), Damaged("rotten")])
def test_an_instance_that_cannot_be_described_is_listed_as_skipped(error: PacsProxyError) -> None:
    found = studies_of(whole_series(z=error)).series("s", Interest())
    assert [instance.id for instance in found.instances] == ["y", "x"]
    assert found.skipped == [("z", error.detail)]


def test_series_come_by_number_and_those_without_last() -> None:
    _, found = studies_of(whole_series()).study("a", Interest())
    assert [one.id for one in found] == ["s", "t", "u"]


def singles(*names: str) -> list[Any]:
    found = [series(name, Instances=[f"{name} image"]) for name in names]
    return [summaries.series(one) for one in [*found, series("many", Instances=["a", "b"])]]


def test_series_of_one_instance_say_how_many_frames_they_have_by_one_question() -> None:
    cine = {"ID": "cine image", "MainDicomTags": {"NumberOfFrames": "27 "}}
    held = archive(**{BULK: [cine, {"ID": "still image"}]})
    framed = studies_of(held).framed(singles("cine", "still", "gone"), Interest())
    assert [one.frames for one in framed] == [27, 1, None, None]
    assert held.asked == [(BULK, ["cine image", "still image", "gone image"])]
    held.asked.clear()
    assert studies_of(held).framed(singles(), Interest()) == singles()
    assert held.asked == []


@pytest.mark.parametrize("error", [NotFound("unknown question"), Refused("forbidden")])
def test_series_are_listed_where_their_frames_cannot_be_asked_for(error: PacsProxyError) -> None:
    framed = studies_of(archive(**{BULK: error})).framed(singles("cine"), Interest())
    assert framed == singles("cine")


def test_three_uids_name_one_instance_or_none_or_too_many() -> None:
    def located(*found: str) -> str:
        return studies_of(archive(**{"/tools/find": list(found)})).locate("1", "2", "3", Interest())

    assert located("i") == "i"
    with pytest.raises(NotFound):
        located()
    with pytest.raises(Refused):
        located("i", "j")


@pytest.mark.parametrize("answer", [{"message": "hello"}, [], "x", None, 5, [1], [{}], [None]])
def test_a_strangers_json_is_the_archives_failure_and_not_ours(answer: Any) -> None:
    paths = ["/studies/a", "/studies/a/series", "/series/s", "/series/s/instances", "/tools/find"]
    for path in paths:
        held = whole_series()
        held.answers[path] = answer
        studies = studies_of(held)
        asks: list[Callable[[], object]] = [
            partial(studies.study, "a", Interest()),
            partial(studies.series, "s", Interest()),
            partial(studies.page, Search(), 5, 0, Interest()),
            partial(studies.locate, "1", "2", "3", Interest()),
        ]
        for ask in asks:
            with suppress(UpstreamError, NotFound):
                ask()


def test_a_stranger_is_no_orthanc() -> None:
    for system, expected in [
        ({"ApiVersion": 16}, True), ({}, False), ([], False), (5, False), (None, False),
        (Refused("401"), False),
    ]:  # fmt: skip
        assert studies_of(archive(system=system)).is_orthanc(Interest()) is expected
