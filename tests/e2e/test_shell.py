"""The page itself outlives its server: it opens from this browser, and says what it waits for."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.shelf import Book
from tests.e2e.viewer import Viewer
from tests.fakes import Link

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

CONTROLLED = "() => navigator.serviceWorker.controller !== null"
CARRIED = """() => performance.getEntriesByType('resource')
  .filter(({ name }) => name.includes('/assets/'))
  .reduce((sum, { transferSize }) => sum + transferSize, 0)"""
KEPT = """async () => {
  const cache = await caches.open('shell');
  return (await cache.keys()).map(({ url }) => new URL(url).pathname);
}"""

ALL_KEPT = """async () => {
  const kept = await (await caches.open('shell')).keys(), urls = kept.map(({ url }) => url);
  return performance.getEntriesByType('resource')
    .every(({ name }) => !name.includes('/assets/') || urls.includes(name));
}"""


def test_the_page_opens_without_its_server_names_the_reason_and_goes_on_by_itself(
    browser: Browser, line: Link, bars: Book
) -> None:
    window = Viewer(browser, line.url, shell=True).open(bars)
    try:
        window.page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
        window.page.reload()
        window.until_shown(0)
        assert window.page.evaluate(CONTROLLED)
        assert window.page.evaluate(CARRIED) == 0
        # What came meanwhile is laid by beside the page's work.
        window.page.wait_for_function(ALL_KEPT)
        line.refuse()
        line.cut()
        window.page.reload()
        window.page.get_by_text("No answer from the server").first.wait_for()
        window.picture("shell")
        line.accept()
        window.until_shown(0)
        kept = window.page.evaluate(KEPT)
        assert [path for path in kept if not path.startswith("/assets/")] == ["/"]
        assert window.errors == []
    finally:
        window.close()
