"""The page of figures: what browsers really saw is in it, and its bundle names nobody."""

import hashlib
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import Response, expect
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

from pacs_proxy.demo.orthanc import find_executable
from tests.e2e.conftest import OpenViewer
from tests.e2e.shelf import Book, Shelf
from tests.e2e.slices import Barred
from tests.server import Proxy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason="apt-get install orthanc"),
]


def _is_report(answer: Response) -> bool:
    return answer.request.method == "POST" and answer.url.endswith("/api/telemetry")


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
    with window.page.expect_response(_is_report):
        window.page.evaluate("() => { location.hash = '#/figures' }")
    window.page.get_by_role("button", name="Day").click()
    table = window.page.locator(".figures-table").last
    expect(table).to_contain_text(f"{ExplicitVRLittleEndian} decode")
    with window.page.expect_download() as begun:
        window.page.get_by_role("button", name="Incident bundle").click()
    told = json.loads(Path(begun.value.path()).read_text())
    (picture,) = [one for one in told["requests"] if one["kind"] == "picture"]
    md5 = hashlib.md5(damaged.getvalue(), usedforsecurity=False).hexdigest()
    assert picture["digests"]["expected"] == md5
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
    shown = window.page.locator(".figure strong").first
    expect(shown).not_to_have_text("0")
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
