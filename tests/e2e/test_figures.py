"""The page of figures: what browsers really saw is in it, and its bundle names nobody."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pacs_proxy.demo.orthanc import find_executable
from tests.e2e.conftest import OpenViewer
from tests.e2e.shelf import Book
from tests.server import Proxy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason="apt-get install orthanc"),
]


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
