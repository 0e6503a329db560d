"""A reader signs in over the page; when the session ends in mid-reading, nothing is lost."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete

from pacs_proxy import doorkeeper
from pacs_proxy.access.tables import SignIn
from pacs_proxy.database import Database
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.settings import Settings
from tests.e2e.conftest import TAG, OpenViewer
from tests.e2e.shelf import Book, Shelf
from tests.e2e.slices import Barred
from tests.e2e.test_shell import ALL_KEPT
from tests.e2e.uploading import Uploading, write
from tests.e2e.viewer import Viewer
from tests.fakes import Link
from tests.server import Proxy
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]
# A worker believes for two seconds what it read of a session.
UNTIL_OUT = """async () => {
  while ((await fetch('api/session')).status !== 401) await new Promise((r) => setTimeout(r, 100));
}"""
PASSWORD, COUNT = "a horse, a battery", 24
STILL = "The server does not answer: you are still signed in on this browser."


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    with ThrowawayOrthanc() as orthanc:
        yield Shelf(orthanc.url)


@pytest.fixture(scope="module")
def book(shelf: Shelf) -> Book:
    return shelf.add(Barred(TAG))


@pytest.fixture(scope="module")
def other(shelf: Shelf) -> Book:
    return shelf.add(Barred(1, 1, 48))


@pytest.fixture(scope="module")
def server(shelf: Shelf) -> Iterator[Proxy]:
    with Proxy(shelf.url, sign_in=1) as server:
        doorkeeper.add_user(Settings(data_dir=str(server.data)), "ann", "reader", PASSWORD)
        doorkeeper.add_user(Settings(data_dir=str(server.data)), "tess", "technologist", PASSWORD)
        yield server


def end_sessions(server: Proxy) -> None:
    """As time does."""
    address = Settings(data_dir=str(server.data)).database_address
    with closing(Database(address)) as database, database.write() as session:
        session.execute(delete(SignIn))


def sign_in(viewer: Viewer, password: str = PASSWORD, name: str = "ann") -> None:
    dialog = viewer.page.locator(".sign-in")
    dialog.wait_for(state="visible")
    if not dialog.locator("[name=name]").input_value():
        viewer.page.keyboard.type(name)
        viewer.page.keyboard.press("Tab")
    viewer.page.keyboard.type(password)
    viewer.page.keyboard.press("Enter")


@pytest.fixture
def kept(server: Proxy, browser: Browser) -> Iterator[tuple[Viewer, Link]]:
    """A window that keeps the page itself, and the line to the server."""
    with (
        Link("127.0.0.1", server.port) as line,
        closing(Viewer(browser, line.url, 1440, shell=True)) as window,
    ):
        yield window, line


def status_of(server: Proxy, page: Page) -> Callable[[], int]:
    """What the server says of the session this browser has now, whatever becomes of it there."""
    cookies = {c["name"]: c["value"] for c in page.context.cookies()}
    said = {"Cookie": f"pacs-session={cookies['pacs-session']}"}
    return lambda: server.get("/api/session", said).status


def test_nothing_shows_before_signing_in_and_the_list_after_it(
    server: Proxy, viewer: OpenViewer, book: Book
) -> None:
    window = viewer(server.url)
    window.page.goto(server.url)
    sign_in(window, "not-the-password")
    window.page.locator(".sign-in-state").filter(has_text="do not belong together").wait_for()
    assert window.page.locator("tbody tr").count() == 0
    window.picture("sign-in")
    sign_in(window)
    window.page.locator("tbody tr").first.wait_for()
    assert not window.page.locator(".sign-in").is_visible()
    expect(window.page.locator(".who-name")).to_have_text("ann")
    window.page.click("text=Sign out")
    window.page.locator(".sign-in").wait_for(state="visible")
    assert window.page.locator("tbody tr").count() == 0
    assert window.errors == []


def test_a_session_that_ends_in_mid_reading_is_renewed_over_the_picture(
    server: Proxy, viewer: OpenViewer, book: Book, other: Book
) -> None:
    window = viewer(server.url, 960)
    window.page.goto(f"{server.url}/#/studies/{book.study}/series/{book.series}")
    sign_in(window)
    window.until_all(COUNT)
    window.until_shown(0)
    refused: list[str] = []
    end_sessions(server)
    window.page.evaluate(UNTIL_OUT)
    window.page.on("response", lambda r: refused.append(r.url) if r.status == 401 else None)
    window.page.evaluate(
        "hash => { location.hash = hash }", f"#/studies/{other.study}/series/{other.series}"
    )
    window.page.locator(".sign-in").wait_for(state="visible")
    window.picture("sign-in-again")
    sign_in(window, "not-the-password")
    window.page.locator(".sign-in-state").filter(has_text="do not belong together").wait_for()
    window.picture("sign-in-again-wrong")
    # What was under way was refused once, if the page did not know yet; nothing was asked since.
    assert len([url for url in refused if "/api/pacs/" in url]) <= 6
    assert window.toasts == []
    assert "slow" not in window.page.inner_text("#app")
    sign_in(window)
    window.until_all(1)
    window.until_shown(0)
    expect(window.page.locator(".cover-card")).to_be_hidden()
    assert window.errors == []


def test_an_upload_waits_for_the_sign_in_and_goes_on(
    server: Proxy, viewer: OpenViewer, book: Book, tmp_path: Path
) -> None:
    """What it changes carries the token of the page; after signing in again the new one."""
    window = viewer(server.url)
    window.page.goto(server.url)
    sign_in(window, name="tess")
    window.page.locator("tbody tr").first.wait_for()
    window.page.evaluate("() => fetch('api/session', {method: 'DELETE'})")
    assert window.page.evaluate("async () => (await fetch('api/session')).status") == 200
    series = Barred(9, 6)
    write(tmp_path / "CD", [series[index] for index in range(len(series))])
    end_sessions(server)
    window.page.evaluate(UNTIL_OUT)
    Uploading(window).choose("folder", tmp_path / "CD")
    window.page.locator(".sign-in").wait_for(state="visible")
    assert window.toasts == []
    sign_in(window, name="tess")
    window.page.locator(".uploads").filter(has_text="Done: 6 in the archive").wait_for()
    assert window.errors == []


def test_signing_out_is_not_over_before_the_server_knows_and_shows_nothing_meanwhile(
    server: Proxy, kept: tuple[Viewer, Link], book: Book
) -> None:
    """Nor in another window, nor when the page is loaded anew from what this browser keeps."""
    window, line = kept
    page = window.page
    page.goto(line.url)
    sign_in(window)
    page.locator("tbody tr").first.wait_for()
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    page.reload()
    page.locator("tbody tr").first.wait_for()
    page.wait_for_function(ALL_KEPT)
    other = page.context.new_page()
    other.on("pageerror", lambda error: window.errors.append(str(error)))
    other.goto(line.url)
    other.locator("tbody tr").first.wait_for()
    other.evaluate("window.stays = true")
    status = status_of(server, page)

    line.refuse()
    line.cut()
    page.get_by_role("button", name="Sign out").click()
    for one in (page, other):
        one.locator(".sign-out[open]").get_by_text(STILL).wait_for()
    assert page.locator("tbody tr").count() == 0
    window.picture("signing-out")
    page.get_by_role("button", name="Try again").click()
    page.reload()
    page.locator(".sign-out[open]").get_by_text(STILL).wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.locator(".sign-out").is_visible()
    assert page.locator("tbody tr").count() == 0
    assert status() == 200

    line.accept()
    for one in (page, other):
        one.locator(".sign-in").wait_for(state="visible")
    assert page.locator("tbody tr").count() == 0
    # A worker believes for two seconds what it read.
    until(lambda: status() == 401)
    sign_in(window)
    page.locator("tbody tr").first.wait_for()
    # There everything goes on where it was.
    other.evaluate("window.dispatchEvent(new Event('focus'))")
    other.locator(".sign-in").wait_for(state="hidden")
    assert other.evaluate("window.stays")
    for one in (page, other):
        expect(one.locator(".sign-out")).to_be_hidden()
    assert window.errors == []
