"""A study is shared; a guest without an account sees that study alone, until the link ends."""

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Route, expect

from pacs_proxy import doorkeeper
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.settings import Settings
from tests.e2e.conftest import OpenViewer
from tests.e2e.shelf import Book
from tests.e2e.test_device import DATABASES
from tests.e2e.test_signing_in import PASSWORD, sign_in
from tests.e2e.viewer import Viewer
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]
WORDS = "four quiet words here"


@pytest.fixture(scope="module")
def server(orthanc: ThrowawayOrthanc) -> Iterator[Proxy]:
    with Proxy(orthanc.url, sign_in=1) as server:
        doorkeeper.add_user(Settings(data_dir=str(server.data)), "ann", "reader", PASSWORD)
        yield server


def link_made(window: Viewer) -> str:
    field = window.page.locator(".share-dialog").get_by_label("Link", exact=True)
    expect(field).not_to_have_value("")
    return field.input_value()


def answered_late(window: Viewer) -> list[Route]:
    """The page's second question who it is, which it asks before it is let in: kept waiting."""
    late: list[Route] = []
    number = count(1)

    def heard(route: Route) -> None:
        if next(number) == 2:
            late.append(route)
        else:
            route.continue_()

    window.page.route("**/api/session", heard)
    return late


def test_a_guest_sees_what_was_shared_until_it_is_revoked(
    server: Proxy, viewer: OpenViewer, bars: Book
) -> None:
    ann = viewer(server.url, 1440)
    ann.page.goto(f"{server.url}/#/studies/{bars.study}/series/{bars.series}")
    sign_in(ann)
    ann.until_shown(0)
    ann.page.get_by_role("button", name="Share", exact=True).click()
    dialog = ann.page.locator(".share-dialog")
    dialog.get_by_label("Passphrase").fill(WORDS)
    dialog.get_by_role("button", name="Make link").click()
    link = link_made(ann)
    dialog.locator(".share-list li").wait_for()
    ann.picture("share-dialog")

    guest = viewer(server.url, 1440)
    asked: list[str] = []
    # Somebody else kept images in this browser: a guest does not.
    guest.page.add_init_script("localStorage.setItem('pacs-proxy.device', 'keep')")
    guest.page.on("request", lambda request: asked.append(request.url))
    late = answered_late(guest)
    guest.page.goto(link)
    prompt = guest.page.locator(".guest-door[open]")
    prompt.get_by_text("opens with the passphrase").wait_for()
    guest.picture("guest-passphrase")
    prompt.get_by_label("Passphrase").fill("not the passphrase")
    prompt.get_by_role("button", name="Open").click()
    prompt.get_by_text("not the passphrase of this link").wait_for()
    guest.until_true(lambda: late)
    prompt.get_by_label("Passphrase").fill(WORDS)
    prompt.get_by_role("button", name="Open").click()
    guest.until_all(24)
    guest.until_shown(0)
    for route in late:
        route.fulfill(status=401, body="{}")
    assert guest.page.evaluate(DATABASES) == []
    guest.page.locator(".guest-bar").get_by_text("to read only").wait_for()
    guest.picture("guest-study")
    secret = link.rpartition("/")[2]
    assert secret not in guest.page.url
    assert secret not in "".join(asked)
    assert not guest.page.get_by_role("button", name="Studies", exact=True).is_visible()
    assert not guest.page.get_by_role("button", name="Share", exact=True).is_visible()
    assert not [url for url in asked if "api/pacs/studies?" in url]
    guest.page.keyboard.press("Escape")
    assert bars.study in guest.page.url

    ann.page.goto(f"{server.url}/#/links")
    ann.page.locator("main.figures tbody tr").wait_for()
    ann.picture("links")
    ann.page.get_by_role("button", name="Revoke").click()
    ended = guest.page.locator(".guest-door[open]").get_by_text("This link has ended")
    ended.wait_for()
    assert guest.page.locator("#app > *").count() == 0
    guest.picture("guest-ended")
    assert ann.errors == guest.errors == []


def test_who_is_signed_in_is_asked_before_a_link_takes_that_place(
    server: Proxy, viewer: OpenViewer, bars: Book
) -> None:
    window = viewer(server.url, 960)
    page = window.page
    page.goto(f"{server.url}/#/studies/{bars.study}/series/{bars.series}")
    sign_in(window)
    window.until_shown(0)
    page.get_by_role("button", name="Share", exact=True).click()
    page.locator(".share-dialog").get_by_role("button", name="Make link").click()
    link = link_made(window)
    page.goto("about:blank")
    page.goto(link)
    page.get_by_text("You are signed in here as ann").wait_for()
    page.get_by_role("button", name="Open the link").click()
    page.locator(".guest-bar").get_by_text("to read only").wait_for()
    window.until_shown(0)
    page.reload()
    window.until_shown(0)
    page.route("**/api/session", lambda route: route.abort())
    page.locator(".guest-bar").get_by_role("button", name="Close").click()
    page.locator(".sign-out[open]").get_by_text("the study can still be opened").wait_for()
    assert page.locator("#app > *").count() == 0
    page.unroute("**/api/session")
    page.get_by_text("The study is closed").wait_for()
    expect(page.locator(".sign-out")).to_be_hidden()
    assert page.locator("#app > *").count() == 0
    assert window.errors == []
