"""Images on the reader's own device: asked for once, proven again, and gone with the session."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Request, expect

from pacs_proxy import doorkeeper
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.settings import Settings
from tests.e2e.conftest import TAG, OpenViewer
from tests.e2e.shelf import Book, Shelf, is_drawn_right
from tests.e2e.test_signing_in import PASSWORD, sign_in
from tests.e2e.viewer import Viewer
from tests.fakes import Link
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]
COUNT = 24
PATIENCE_MS = 60_000
NAME = "pacs-proxy-device"
# How many files lie in the browser's database.
KEPT = """name => new Promise((resolve) => {
  const request = indexedDB.open(name);
  request.onsuccess = () => {
    const database = request.result;
    if (!database.objectStoreNames.contains('files')) { database.close(); return resolve(0); }
    const count = database.transaction('files').objectStore('files').count();
    count.onsuccess = () => { database.close(); resolve(count.result); };
  };
})"""
DATABASES = "async () => (await indexedDB.databases()).map(({name}) => name)"


@pytest.fixture
def line(orthanc: ThrowawayOrthanc) -> Iterator[Link]:
    """Before a server at which one signs in."""
    with Proxy(orthanc.url, sign_in=1) as server:
        doorkeeper.add_user(Settings(data_dir=str(server.data)), "ann", "reader", PASSWORD)
        with Link("127.0.0.1", server.port) as line:
            yield line


def fetched(window: Viewer) -> list[str]:
    """Every request for an image from now on."""
    found: list[str] = []

    def heard(request: Request) -> None:
        if request.url.endswith(("/display", "/compact", "/file")):
            found.append(request.url)

    window.page.on("request", heard)
    return found


def reopened(window: Viewer, bars: Book) -> None:
    """As if the page were opened for the first time."""
    window.page.goto("about:blank")
    window.open(bars)
    window.until_all(COUNT)


def test_a_study_opened_again_costs_no_image_and_signing_out_leaves_nothing(
    line: Link, shelf: Shelf, bars: Book, viewer: OpenViewer
) -> None:
    window = viewer(line.url)
    window.page.goto(line.url)
    sign_in(window)
    window.page.locator("tbody tr").first.wait_for()
    # A shared workstation, as everywhere at first: nothing is kept, not even by the browser.
    reopened(window, bars)
    assert window.page.evaluate(DATABASES) == []
    asked = fetched(window)
    reopened(window, bars)
    assert len(asked) >= COUNT
    window.go_to_list()
    window.page.get_by_role("button", name="This device").click()
    window.page.get_by_label("Keep the images").check()
    window.page.get_by_text("Nothing is kept yet.").wait_for()
    window.page.get_by_role("button", name="Close").click()
    reopened(window, bars)
    window.page.wait_for_function(
        f"async () => (await ({KEPT})('{NAME}')) === {COUNT}", timeout=PATIENCE_MS
    )

    asked.clear()
    before = line.carried["down"]
    reopened(window, bars)
    assert asked == []
    assert line.carried["down"] - before < sum(len(shelf.files[one]) for one in bars.instances) / 2
    drawn = window.walk(range(COUNT))
    assert all(is_drawn_right(shelf, one) for one in drawn)

    window.go_to_list()
    window.page.get_by_role("button", name="This device").click()
    row = window.page.locator(".device-list li")
    expect(row).to_contain_text(f"{COUNT} images")
    expect(row).to_contain_text(f"BARS, {TAG}")
    window.picture("device")
    window.page.get_by_role("button", name="Close").click()
    # Its dialog must be the new page's: what is typed before is lost with the old one.
    with window.page.expect_event("load"):
        window.page.get_by_role("button", name="Sign out").click()
    sign_in(window)
    window.page.locator("tbody tr").first.wait_for()
    assert window.page.evaluate(DATABASES) == []
    assert window.page.evaluate("localStorage.length === 0 || !localStorage['pacs-proxy.device']")
    assert window.errors == []
