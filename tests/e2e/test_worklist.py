"""The study list by keyboard alone: search, sort, priors, download, and what arrives meanwhile."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pacs_proxy.demo.orthanc import ThrowawayOrthanc, find_executable
from tests.e2e.conftest import OpenViewer
from tests.e2e.viewer import Viewer
from tests.real.studies import Held, image, stored
from tests.server import Proxy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason="apt-get install orthanc"),
]
ROWS = "tr[data-study]"
LIST = "**/api/pacs/studies?*"


@pytest.fixture(scope="module")
def archive() -> Iterator[ThrowawayOrthanc]:
    with ThrowawayOrthanc() as orthanc:
        yield orthanc


@pytest.fixture(scope="module")
def held(archive: ThrowawayOrthanc) -> list[Held]:
    return [stored(archive, image(number, 1, 1)) for number in (1, 2, 3)]


@pytest.fixture(scope="module")
def served(archive: ThrowawayOrthanc, held: list[Held]) -> Iterator[Proxy]:
    with Proxy(archive.url) as proxy:
        yield proxy


@pytest.fixture
def page(served: Proxy, viewer: OpenViewer) -> Page:
    window = viewer(served.url, width=1440)
    window.page.goto(served.url)
    expect(window.page.locator(ROWS)).to_have_count(3)
    return window.page


def test_search_open_and_back_without_a_mouse(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("nobody 2")
    expect(page.locator(ROWS)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(ROWS)).to_be_focused()
    page.keyboard.press("Enter")
    page.locator(".reader").wait_for()


def test_priors_are_one_key_away_and_esc_goes_back(page: Page) -> None:
    page.keyboard.press("ArrowDown")
    page.keyboard.press("p")
    expect(page.locator(".list-priors")).to_contain_text("All studies of NOBODY")
    expect(page.locator(ROWS)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(ROWS)).to_have_count(3)
    expect(page.locator(".list-priors")).to_have_text("")


def test_a_column_sorts_and_a_chosen_one_stays_chosen(page: Page) -> None:
    page.get_by_role("button", name="Patient", exact=False).first.click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Patient")
    expect(page.locator(f"{ROWS} .name").first).to_contain_text("1")
    page.locator(".columns-menu summary").click()
    page.get_by_label("Source", exact=True).last.check()
    expect(page.locator(f"{ROWS} .col-source").first).to_have_text("Modality")
    page.reload()
    expect(page.locator(f"{ROWS} .col-source").first).to_have_text("Modality")


def test_a_download_says_its_size_and_is_a_whole_zip(page: Page, held: list[Held]) -> None:
    page.keyboard.press("ArrowDown")
    page.keyboard.press("d")
    expect(page.locator(".saving-state")).to_contain_text("KB")
    with page.expect_download() as begun:
        page.keyboard.press("Enter")
    data = Path(begun.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        [name] = [name for name in found.namelist() if name != "DICOMDIR"]
        assert found.read(name) in [one.data for one in held]
    assert "nobody" not in begun.value.suggested_filename.lower()


def test_the_fields_of_the_search_are_one_row_on_a_desk(page: Page) -> None:
    tops = "() => [...document.querySelectorAll('.search > *')].map((one) => one.offsetTop"
    bottoms = page.evaluate(f"{tops} + one.offsetHeight)")
    assert len(bottoms) > 10
    assert max(bottoms) - min(bottoms) <= 1
    beyond = "(all) => all.map((one) => one.scrollWidth - one.clientWidth)"
    assert max(page.locator(".field").evaluate_all(beyond)) <= 0


def test_on_a_phone_download_and_delete_are_reached_on_every_row(
    browser: Browser, served: Proxy, held: list[Held]
) -> None:
    with closing(Viewer(browser, served.url, 390, touch=True)) as window:
        window.page.set_viewport_size({"width": 390, "height": 844})
        window.page.goto(served.url)
        rows = window.page.locator(ROWS)
        expect(rows.nth(len(held) - 1)).to_be_visible()
        window.picture("phone-list")
        for number in range(len(held)):
            row = rows.nth(number)
            row.get_by_role("button", name="Download or delete this study").tap()
            expect(row.locator(".row-acts div")).to_have_css("opacity", "1")
            window.picture("phone-row")
            row.get_by_role("button", name="Download", exact=True).tap()
            window.page.get_by_role("dialog", name="Download").wait_for()
            window.page.keyboard.press("Escape")
            expect(window.page.get_by_role("dialog")).to_have_count(0)
        # A finger on the row itself opens it, as ever.
        rows.first.locator(".name").tap()
        window.page.locator(".reader").wait_for()


def test_what_arrives_is_seen_marked_and_takes_no_place_away(
    page: Page, archive: ThrowawayOrthanc
) -> None:
    """The reader goes on while the list is asked for."""
    page.keyboard.press("ArrowDown")
    # What nobody answers waits, and goes on when nobody is asked any more.
    page.route(LIST, lambda _: None)
    with page.expect_request(LIST):
        stored(archive, image(9, 1, 1))
    page.keyboard.press("ArrowDown")
    expect(page.locator(ROWS).nth(1)).to_be_focused()
    focused = page.evaluate("() => document.activeElement.dataset.study")
    page.unroute(LIST)
    expect(page.locator(f"{ROWS} .new-chip")).to_have_count(1)
    assert page.evaluate("() => document.activeElement.dataset.study") == focused
