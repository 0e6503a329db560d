"""What goes is named before it goes, and nothing else goes."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest
from playwright.sync_api import Page, expect
from pydicom import dcmread

from pacs_proxy.demo.orthanc import ThrowawayOrthanc, find_executable
from tests.e2e.conftest import OpenViewer
from tests.e2e.viewer import Viewer
from tests.real.studies import asked, image, stored
from tests.server import Proxy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason="apt-get install orthanc"),
]
ROWS = "tr[data-study]"


def of_patient(data: bytes, name: str, number: str) -> bytes:
    dataset = dcmread(io.BytesIO(data))
    dataset.PatientName, dataset.PatientID = name, number
    target = io.BytesIO()
    dataset.save_as(target)
    return target.getvalue()


@pytest.fixture(scope="module")
def archive() -> Iterator[ThrowawayOrthanc]:
    with ThrowawayOrthanc() as orthanc:
        yield orthanc


@pytest.fixture(scope="module")
def served(archive: ThrowawayOrthanc) -> Iterator[Proxy]:
    with Proxy(archive.url) as served:
        yield served


@dataclass(frozen=True)
class Shown:
    """Three studies of one patient, one of a namesake by number only; all four in the list."""

    window: Viewer
    page: Page
    archive: ThrowawayOrthanc
    # That of two series.
    study: str
    patient: str

    def begun(self) -> None:
        """The dialog, for the study of two series."""
        self.page.locator(f"tr[data-study='{self.study}']").focus()
        self.page.keyboard.press("Delete")
        dialog = self.page.locator("dialog.deletion")
        expect(dialog.get_by_role("button", name="Delete")).to_be_enabled()

    def confirmed(self, choice: str) -> None:
        dialog = self.page.locator("dialog.deletion")
        expect(dialog).to_contain_text("This cannot be undone.")
        dialog.get_by_text(choice).first.click()
        dialog.get_by_role("button", name="Delete").click()
        expect(dialog).to_have_count(0)

    def counts(self) -> tuple[int, int]:
        """Studies and series that the archive has under this number."""
        wanted = {"PatientID": self.patient}
        found = [
            len(asked(self.archive, "/tools/find", json.dumps(query).encode()))
            for query in ({"Level": level, "Query": wanted} for level in ("Study", "Series"))
        ]
        return found[0], found[1]


_patients = count(1)


@pytest.fixture
def shown(archive: ThrowawayOrthanc, served: Proxy, viewer: OpenViewer) -> Shown:
    number = next(_patients)
    one = f"DEL-{number}"
    held = [
        stored(archive, of_patient(image(10 * number + study, series, 1), "Nobody^One", one))
        for study, series in ((1, 1), (1, 2), (2, 1), (3, 1))
    ]
    stored(archive, of_patient(image(10 * number + 4, 1, 1), "Other^Person", one))
    window = viewer(served.url, width=1440)
    window.page.goto(served.url)
    window.page.get_by_role("searchbox", name="Patient ID").fill(one)
    expect(window.page.locator(ROWS)).to_have_count(4)
    return Shown(window, window.page, archive, held[0].study, one)


def test_the_careful_answer_has_the_focus_and_deletes_nothing(shown: Shown) -> None:
    shown.begun()
    expect(shown.page.locator("dialog.deletion")).to_contain_text(shown.patient)
    expect(shown.page.get_by_role("button", name="Cancel")).to_be_focused()
    shown.page.keyboard.press("Enter")
    expect(shown.page.locator("dialog.deletion")).to_have_count(0)
    assert shown.counts() == (4, 5)


def test_one_series_goes_and_its_study_stays(shown: Shown) -> None:
    shown.begun()
    shown.confirmed("Only series")
    assert shown.counts() == (4, 4)


def test_all_of_a_patient_goes_and_nothing_of_a_namesake(shown: Shown) -> None:
    shown.begun()
    expect(shown.page.locator("dialog.deletion li")).to_have_count(3)
    shown.window.picture("delete-all-of-a-patient")
    shown.confirmed("All 3 studies of this patient")
    expect(shown.page.locator(ROWS)).to_have_count(1)
    expect(shown.page.locator(ROWS)).to_contain_text("OTHER")
    assert shown.counts() == (1, 1)
    shown.window.until_said("3 of 3 studies")
