"""An administrator looks after accounts in the page; readers are not even offered it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenViewer
from tests.e2e.staff import entered, staffed
from tests.server import Proxy

pytestmark = pytest.mark.browser

OTHER = "four quiet words here"


@pytest.fixture(scope="module")
def server() -> Iterator[Proxy]:
    with staffed() as server:
        yield server


def test_accounts_are_made_limited_and_disabled(viewer: OpenViewer, server: Proxy) -> None:
    window = entered(viewer, server, "boss")
    page = window.page
    page.get_by_role("link", name="Users").click()
    form = page.locator(".people-add")
    form.get_by_label("Name").fill("nina")
    form.get_by_label("First password").fill(OTHER)
    form.get_by_role("button", name="Add user").click()
    row = page.locator(".people tbody tr", has_text="nina")
    row.get_by_role("button", name="Restrict").click()
    page.locator("dialog[open]").get_by_label("labels").fill("trial")
    page.locator("dialog[open]").get_by_role("button", name="Save").click()
    row.get_by_text("labels: trial").wait_for()
    window.picture("people")
    row.get_by_role("button", name="Disable").click()
    row.get_by_text("Disabled").wait_for()
    page.locator(".people tbody tr", has_text="boss").get_by_role("button", name="Disable").click()
    page.get_by_text("You cannot take your own rights away").wait_for()


def test_who_may_not_change_accounts_is_not_offered_it(viewer: OpenViewer, server: Proxy) -> None:
    page = entered(viewer, server, "ray").page
    assert not page.get_by_role("link", name="Users").is_visible()
    page.goto(f"{server.url}/#/users")
    page.get_by_text("You may not do this").wait_for()


def test_what_a_reader_chose_follows_to_another_browser_and_stays_with_nobody_else(
    viewer: OpenViewer, server: Proxy
) -> None:
    page = entered(viewer, server, "ray").page
    theme = "document.documentElement.dataset.theme ?? 'dark'"
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="Accession").uncheck()
    page.get_by_role("button", name="Light or dark").click()
    page.wait_for_function(
        "async () => { const told = await (await fetch('api/preferences')).json();"
        " return 'columns' in told.preferences && told.preferences.theme === 'light'; }"
    )
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Name", exact=True).wait_for()
    page.wait_for_function(f"() => ({theme}) === 'dark'")
    elsewhere = entered(viewer, server, "ray").page
    elsewhere.wait_for_function(f"() => ({theme}) === 'light'")
    expect(elsewhere.locator("th.col-accession")).to_have_count(0)
    assert entered(viewer, server, "boss").page.evaluate(theme) == "dark"
