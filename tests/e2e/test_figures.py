"""The page of figures: what browsers really saw is in it, and its bundle names nobody."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

from pacs_proxy.demo.orthanc import find_executable
from tests.e2e.conftest import OpenViewer
from tests.e2e.shelf import Book, Shelf
from tests.e2e.slices import Barred
from tests.e2e.viewer import Viewer
from tests.server import Proxy
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason="apt-get install orthanc"),
]


def told_by(window: Viewer, holds: Callable[[], bool]) -> None:
    """Asked for again until the figures say so: what a page saw arrives beside them."""

    def asked() -> bool:
        window.page.get_by_role("button", name="Day").click()
        return holds()

    until(asked, every=0.2)


def words(window: Viewer) -> str:
    return window.page.locator(".figures-body").inner_text()


def test_a_file_without_a_picture_is_in_the_figures_by_its_coding_and_in_the_bundle_by_its_digest(
    served: Proxy, shelf: Shelf, viewer: OpenViewer
) -> None:
    content = Barred(31, 1, 48)[0]
    dataset = dcmread(io.BytesIO(content))
    dataset.RescaleSlope = "0"
    damaged = io.BytesIO()
    dataset.save_as(damaged)
    book = shelf.add([damaged.getvalue()])
    window = viewer(served.url, width=1440).open(book)
    window.until_failed()
    window.page.evaluate("() => { location.hash = '#/figures' }")
    told_by(window, lambda: f"{ExplicitVRLittleEndian} decode" in words(window))
    with window.page.expect_download() as begun:
        window.page.get_by_role("button", name="Incident bundle").click()
    told = json.loads(Path(begun.value.path()).read_text())
    md5 = hashlib.md5(damaged.getvalue(), usedforsecurity=False).hexdigest()
    pictures = [one for one in told["requests"] if one["kind"] == "picture"]
    (picture,) = [one for one in pictures if one["digests"]["expected"] == md5]
    assert picture["digests"]["got"] == md5
    assert picture["request_id"]


def test_what_was_read_is_in_the_figures_and_nobody_in_the_bundle(
    served: Proxy, bars: Book, viewer: OpenViewer
) -> None:
    window = viewer(served.url, width=1440)
    window.open(bars)
    window.until_all(24)
    window.page.evaluate("() => { location.hash = '#/figures' }")
    window.page.reload()  # leaving the page sends what it saw
    told_by(window, lambda: window.page.locator(".figure strong").first.inner_text() != "0")
    expect(window.page.locator(".plot circle").first).to_be_attached()
    window.picture("figures")
    with window.page.expect_download() as begun:
        window.page.get_by_role("button", name="Incident bundle").click()
    text = Path(begun.value.path()).read_text()
    told = json.loads(text)
    assert told["server"]["versions"]["pacs_proxy"]
    assert told["requests"][0]["request_id"]
    for hidden in (*bars.instances, bars.series, bars.study, "PatientName"):
        assert hidden not in text
    window.page.keyboard.press("Escape")
    window.page.locator(".list").wait_for()
    assert window.errors == []
