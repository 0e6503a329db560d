"""The pages beside reading: the journal for who may read it, tokens and sessions for everybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenViewer
from tests.e2e.staff import PASSWORD, entered, staffed
from tests.e2e.viewer import Viewer
from tests.fakes import FakeOrthanc
from tests.server import Proxy
from tests.services.test_access import ask
from tests.services.test_set_up import secret_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server() -> Iterator[Proxy]:
    with staffed() as server:
        yield server


def pictured(window: Viewer, name: str) -> None:
    for width, height in [(1440, 900), (2560, 1440)]:
        window.page.set_viewport_size({"width": width, "height": height})
        window.picture(f"{name}-{width}")


def test_the_journal_is_searched_paged_and_kept_as_a_table(
    viewer: OpenViewer, server: Proxy
) -> None:
    # More records than a page shows: each search of the list is one.
    window = entered(viewer, server, "boss")
    page = window.page
    page.evaluate(
        "async () => { for (let n = 0; n < 120; n++)"
        " await fetch('api/pacs/studies?patient_id=P' + n) }"
    )
    page.get_by_role("link", name="Audit").click()
    page.get_by_text("Unbroken: all").wait_for()
    rows = page.locator(".audit-found tbody tr")
    page.locator(".audit-form select").select_option("study.searched")
    page.get_by_role("button", name="Search").click()
    page.locator(".audit-found tr", has_text="patient_id P119").wait_for()
    assert rows.count() == 100
    first = rows.first.inner_text()
    pictured(window, "audit")
    page.get_by_role("button", name="Older").click()
    page.locator(".audit-found tr", has_text="patient_id P19").wait_for()
    assert 20 <= rows.count() < 100
    page.get_by_role("button", name="Newer").click()
    page.locator(".audit-found tr", has_text="patient_id P119").wait_for()
    assert rows.first.inner_text() == first
    with page.expect_download() as kept:
        page.get_by_role("button", name="As a table (CSV)").click()
    lines = Path(kept.value.path()).read_text().splitlines()
    assert len(lines) > 120
    page.get_by_label("User").fill("nobody-of-that-name")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("The journal has no such record.").wait_for()


def test_a_token_is_shown_once_and_opens_until_it_is_revoked(
    viewer: OpenViewer, server: Proxy
) -> None:
    window = entered(viewer, server, "ray")
    page = window.page
    assert not page.get_by_role("link", name="Audit").is_visible()
    page.get_by_role("link", name="Tokens").click()
    page.get_by_label("Label").fill("nightly export")
    pictured(window, "tokens")
    page.get_by_role("button", name="Make token").click()
    shown = page.locator("dialog[open]").get_by_label("Token")
    secret = shown.input_value()
    pictured(window, "token-shown")
    key = {"Authorization": f"Bearer {secret}"}
    assert ask(server, "GET", "/api/pacs/status", key).status == 200
    page.get_by_role("button", name="I have it").click()
    # The dialog leaves the page a moment after it has closed.
    gone = "secret => !document.documentElement.outerHTML.includes(secret)"
    page.wait_for_function(gone, arg=secret)
    row = page.locator(".people tbody tr", has_text="nightly export")
    row.get_by_role("button", name="Revoke").click()
    page.locator("dialog[open]").get_by_role("button", name="Revoke").click()
    row.get_by_text("Revoked").wait_for()
    page.wait_for_function(
        "async key => (await fetch('api/pacs/status', { headers: { Authorization: key },"
        " credentials: 'omit' })).status === 401",
        arg=key["Authorization"],
    )


def test_one_ends_ones_other_sessions_and_administrators_anybodys(
    viewer: OpenViewer, server: Proxy
) -> None:
    other, window = entered(viewer, server, "ray"), entered(viewer, server, "ray")
    page = window.page
    page.get_by_role("link", name="Sessions").click()
    page.locator(".people tbody tr").nth(1).wait_for()
    pictured(window, "sessions")
    page.get_by_role("button", name="End all my others").click()
    page.get_by_text("of yours ended").wait_for()
    rows = page.locator(".people tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("This one")
    other.page.get_by_role("dialog", name="Sign in").wait_for()
    boss = entered(viewer, server, "boss").page
    boss.get_by_role("link", name="Sessions").click()
    row = boss.locator(".people tbody tr", has_text="ray")
    row.get_by_role("button").click()
    boss.get_by_text("A session of ray has ended").wait_for()
    # The page may have heard of it already: then the dialog lies over the button.
    page.get_by_role("button", name="End all my others").dispatch_event("click")
    page.get_by_role("dialog", name="Sign in").wait_for()


def test_the_first_administrator_is_made_in_the_page(viewer: OpenViewer) -> None:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, sign_in=1) as fresh:
        window = viewer(fresh.url, 1440)
        page = window.page
        page.goto(fresh.url)
        page.get_by_text("Nobody has an account here yet").wait_for()
        pictured(window, "set-up")
        for label, text in [("Name", "boss"), ("Password", PASSWORD), ("Set-up secret", "wrong")]:
            page.get_by_label(label, exact=True).fill(text)
        page.get_by_role("button", name="Make the first account").click()
        page.get_by_text("That is not the set-up secret").wait_for()
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("Set-up secret").fill(secret_of(fresh))
        page.get_by_role("button", name="Make the first account").click()
        page.get_by_role("link", name="Users").wait_for()
        assert page.locator(".who-name").inner_text() == "boss"
