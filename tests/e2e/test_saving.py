"""Measurements outlive the page in this browser, and the browser in the archive."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.e2e.shelf import Book, Shelf
from tests.e2e.textured import Textured
from tests.e2e.viewer import Viewer
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]


@pytest.fixture(scope="module")
def book(shelf: Shelf) -> Book:
    return shelf.add(Textured(study=9, patient="SAVED", count=8))


@pytest.fixture
def window(browser: Browser, served: Proxy, book: Book) -> Iterator[Viewer]:
    opened = Viewer(browser, served.url).open(book)
    try:
        opened.until_shown(0)
        yield opened
        assert opened.errors == []
    finally:
        opened.close()


def drag(window: Viewer, key: str, *points: tuple[float, float]) -> None:
    page = window.page
    page.keyboard.press(key)
    placed = [page.evaluate("p => window.__pacsProxy.placed(...p)", list(p)) for p in points]
    page.mouse.move(*placed[0])
    page.mouse.down()
    for place in placed[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def test_what_is_drawn_outlives_a_reload_without_being_saved(window: Viewer) -> None:
    window.walk([2])
    drag(window, "l", (20, 30), (80, 90))
    window.until("s.marks().length === 1")
    before = window.page.evaluate("window.__pacsProxy.marks()[0].reading.numbers")
    kept = window.page.evaluate("() => JSON.stringify(localStorage)")
    assert "SAVED" not in kept.replace("saved", "")
    window.page.reload()
    window.until_shown(0)
    window.walk([2])
    window.until("s.marks().length === 1")
    assert window.page.evaluate("window.__pacsProxy.marks()[0].reading.numbers") == [
        pytest.approx(before[0])
    ]


def test_saved_measurements_come_back_in_another_browser_and_are_jumped_to(
    window: Viewer, browser: Browser, served: Proxy, book: Book
) -> None:
    page = window.page
    window.walk([5])
    drag(window, "e", (70, 60), (100, 80))
    drag(window, "n", (20, 20), (40, 60))
    page.get_by_role("textbox", name="Text").fill("here, 病変")
    page.keyboard.press("Enter")
    window.until("s.marks().length === 2 && s.marks().some((m) => m.figure.label !== '')")
    page.keyboard.press("j")
    page.get_by_text("Kept in this browser only.").wait_for()
    page.get_by_role("button", name="Save in the archive").click()
    page.get_by_text("Saved in the archive").wait_for()
    window.picture("saved")
    drawn = {mark["figure"]["kind"]: mark for mark in page.evaluate("window.__pacsProxy.marks()")}
    other = Viewer(browser, served.url).open(book)
    try:
        other.until_shown(0)
        other.page.keyboard.press("j")
        other.page.get_by_text("Saved in the archive").wait_for()
        entry = other.page.locator(".mark", has_text="Arrow")
        assert "here, 病変" in entry.inner_text()
        entry.click()
        other.until_shown(5)
        other.until("s.marks().length === 2")
        found = {m["figure"]["kind"]: m for m in other.page.evaluate("window.__pacsProxy.marks()")}
        assert found["ellipse"]["reading"]["statistics"] == pytest.approx(
            drawn["ellipse"]["reading"]["statistics"], rel=2e-2
        )
        away = np.subtract(found["arrow"]["figure"]["points"], drawn["arrow"]["figure"]["points"])
        assert np.abs(away).max() < 0.002
        assert other.errors == []
    finally:
        other.close()
