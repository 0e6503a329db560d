"""Measurements through a real Orthanc: a report others can read, proven there, and read back."""

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import highdicom
import pytest
from pydicom import dcmread

from pacs_proxy.demo.orthanc import ThrowawayOrthanc, find_executable
from tests.e2e.shelf import Book, Shelf
from tests.e2e.textured import Textured
from tests.server import Proxy

pytestmark = [
    pytest.mark.orthanc,
    pytest.mark.skipif(find_executable() is None, reason="apt-get install orthanc"),
]

LENGTH = "0b9c1c52-3d3c-4a5e-9f5e-1d2c3b4a5f60"
FIGURES: dict[str, Any] = {
    "length": [[10.25, 20.5], [60, 80]],
    "bidirectional": [[10, 20], [60, 80], [30, 60], [40, 40]],
    "angle": [[10, 10], [20, 30], [50, 20]],
    "cobb": [[10, 10], [20, 30], [50, 20], [60, 60]],
    "ellipse": [[50, 30], [50, 70], [20, 50], [80, 50]],
    "rectangle": [[10, 20], [60, 20], [10, 80], [60, 80]],
    "freehand": [[10, 20], [60, 25], [50, 80], [20, 70]],
    "probe": [[44, 33]],
    "arrow": [[10, 20], [30, 40]],
    "text": [[10, 20]],
}


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    with ThrowawayOrthanc() as orthanc:
        yield Shelf(orthanc.url)


@pytest.fixture(scope="module")
def book(shelf: Shelf) -> Book:
    return shelf.add(Textured(study=70, patient="MEASURED"))


@pytest.fixture(scope="module")
def server(shelf: Shelf) -> Iterator[Proxy]:
    with Proxy(shelf.url) as server:
        yield server


def asked(server: Proxy, study: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"}
    url = f"{server.url}/api/pacs/studies/{study}/measurements"
    with urlopen(Request(url, data, kind)) as answer:
        return json.load(answer)


def refused(server: Proxy, study: str, marks: list[dict[str, object]]) -> int:
    with pytest.raises(HTTPError) as refusal:
        asked(server, study, {"marks": marks})
    refusal.value.close()
    return refusal.value.code


def mark(book: Book, **changes: object) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "id": LENGTH,
        "instance": book.instances[1],
        "frame": 0,
        "kind": "length",
        "points": FIGURES["length"],
        "label": "",
        "values": [{"name": "length", "value": 72.5, "unit": "mm"}],
    }
    return {**usual, **changes}


def test_every_kind_of_figure_comes_back_as_it_was_drawn(
    server: Proxy, shelf: Shelf, book: Book
) -> None:
    marks = [
        mark(
            book,
            id=f"{number:08x}{LENGTH[8:]}",
            kind=kind,
            points=points,
            label="Läsion 病変" if kind == "text" else "",
            frame=7 if kind == "arrow" else 0,
        )
        for number, (kind, points) in enumerate(FIGURES.items())
    ]
    kept = asked(server, book.study, {"marks": marks})
    found = asked(server, book.study)
    found_marks = {one["kind"]: one for one in found["marks"]}
    assert set(found_marks) == set(FIGURES)
    for given in marks:
        back = found_marks[str(given["kind"])]
        if given["kind"] == "ellipse":
            assert sorted(back["points"]) == sorted(FIGURES["ellipse"])
            back["points"] = given["points"]
        assert back == given
    with urlopen(f"{shelf.url}/instances/{kept['instance']}/file") as answer:
        report = highdicom.sr.srread(io.BytesIO(answer.read()))
    content: Any = report.content
    groups = content.get_planar_roi_measurement_groups()
    assert len(groups) == len(FIGURES)
    by_kind = {str(group.tracking_identifier).split(":")[1]: group for group in groups}
    (length,) = by_kind["length"].get_measurements()
    assert (length.value, length.unit.value) == (72.5, "mm")
    # The corner of the first pixel is 0, 0 in DICOM; here it was its centre.
    assert by_kind["length"].roi.value.tolist() == [[10.75, 21.0], [60.5, 80.5]]
    assert report.PatientID == "MEASURED"
    assert (
        report.StudyInstanceUID
        == dcmread(io.BytesIO(shelf.files[book.instances[0]])).StudyInstanceUID
    )


def test_the_newest_report_is_what_counts(server: Proxy, book: Book) -> None:
    first = asked(server, book.study, {"marks": [mark(book)]})
    second = asked(server, book.study, {"marks": [mark(book, points=[[1, 2], [3, 4]])]})
    assert first["series"] != second["series"]
    (found,) = asked(server, book.study)["marks"]
    assert found["points"] == [[1, 2], [3, 4]]


def test_who_made_it_and_when_is_told(server: Proxy, book: Book) -> None:
    asked(server, book.study, {"marks": [mark(book)]})
    found = asked(server, book.study)
    assert found["observer"] == "local"
    assert len(found["made"]) >= 14


def test_a_study_without_reports_has_none(server: Proxy, shelf: Shelf) -> None:
    other = shelf.add(Textured(study=71, patient="MEASURED", count=1))
    assert asked(server, other.study) == {"made": None, "observer": "", "marks": []}


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "scribble"},
        {"id": "1"},
        {"instance": "../../etc"},
        {"points": [[1, 2]]},
        {"points": [[1, 2], [3, "4"]]},
        {"points": [[1, 2], [3, 1e9]]},
        {"values": [{"name": "length", "value": None, "unit": "mm"}]},
        {"values": [{"name": "blood", "value": 1, "unit": "mm"}]},
        {"label": "x" * 121},
        {"frame": -1},
    ],
)
def test_what_is_no_figure_is_refused_and_nothing_is_stored(
    server: Proxy, shelf: Shelf, book: Book, changes: dict[str, object]
) -> None:
    before = shelf.asked("statistics")["CountInstances"]
    assert refused(server, book.study, [mark(book, **changes)]) == 400
    assert shelf.asked("statistics")["CountInstances"] == before


def test_figures_on_images_of_another_study_are_refused(
    server: Proxy, shelf: Shelf, book: Book
) -> None:
    other = shelf.add(Textured(study=72, patient="MEASURED", count=1))
    assert refused(server, other.study, [mark(book)]) == 400
