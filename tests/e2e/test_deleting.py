"""What goes is named before it goes, and nothing else goes."""

import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pydicom import dcmread

from pacs_proxy.demo.orthanc import ThrowawayOrthanc, find_executable
from tests.e2e.conftest import OpenViewer
from tests.real.studies import asked, image, stored
from tests.server import Proxy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason="apt-get install orthanc"),
]
ROWS = "tr[data-study]"
PATIENCE_MS = 30_000


def of_patient(data: bytes, name: str) -> bytes:
    dataset = dcmread(io.BytesIO(data))
    dataset.PatientName, dataset.PatientID = name, "P1"
    target = io.BytesIO()
    dataset.save_as(target)
    return target.getvalue()


@pytest.fixture
def archive() -> Iterator[ThrowawayOrthanc]:
    """Three studies of one patient, the first of two series; one of a namesake by number only."""
    with ThrowawayOrthanc() as orthanc:
        for study, series in ((1, 1), (1, 2), (2, 1), (3, 1)):
            stored(orthanc, of_patient(image(study, series, 1), "Nobody^One"))
        stored(orthanc, of_patient(image(4, 1, 1), "Other^Person"))
        yield orthanc


@pytest.fixture
def page(archive: ThrowawayOrthanc, viewer: OpenViewer) -> Iterator[Page]:
    with Proxy(archive.url) as served:
        page = viewer(served.url, width=1440).page
        page.goto(served.url)
        expect(page.locator(ROWS)).to_have_count(4)
        yield page


def begun(page: Page) -> None:
    """The dialog, for the study of two series."""
    row = page.locator(ROWS).filter(has=page.locator(".name", has_text="One"))
    for at in range(3):
        row.nth(at).focus()
        page.keyboard.press("Delete")
        dialog = page.locator("dialog.deletion")
        expect(dialog.get_by_role("button", name="Delete")).to_be_enabled()
        if dialog.get_by_text("Only series").count() > 0:
            return
        page.keyboard.press("Escape")
    raise AssertionError("no study of two series")


def confirmed(page: Page, choice: str) -> None:
    dialog = page.locator("dialog.deletion")
    expect(dialog).to_contain_text("This cannot be undone.")
    dialog.get_by_text(choice).first.click()
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog).to_have_count(0, timeout=PATIENCE_MS)


def counts(archive: ThrowawayOrthanc) -> tuple[int, int]:
    return len(asked(archive, "/studies")), len(asked(archive, "/series"))


def test_the_careful_answer_has_the_focus_and_deletes_nothing(
    page: Page, archive: ThrowawayOrthanc
) -> None:
    begun(page)
    expect(page.locator("dialog.deletion")).to_contain_text("P1")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("dialog.deletion")).to_have_count(0)
    assert counts(archive) == (4, 5)


def test_one_series_goes_and_its_study_stays(page: Page, archive: ThrowawayOrthanc) -> None:
    begun(page)
    confirmed(page, "Only series")
    assert counts(archive) == (4, 4)


def test_all_of_a_patient_goes_and_nothing_of_a_namesake(
    page: Page, archive: ThrowawayOrthanc
) -> None:
    begun(page)
    confirmed(page, "All 3 studies of this patient")
    expect(page.locator(ROWS)).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator(ROWS)).to_contain_text("OTHER")
    assert counts(archive) == (1, 1)
    expect(page.locator(".toast")).to_contain_text("3 of 3 studies")
