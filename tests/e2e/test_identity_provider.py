"""A real identity provider, a real browser: there, back, and out of both."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page
from sqlalchemy import delete

from pacs_proxy.access.tables import SignIn
from pacs_proxy.database import Database
from tests.e2e.conftest import OpenViewer
from tests.e2e.test_signing_in import UNTIL_OUT
from tests.fakes import FakeOrthanc
from tests.server import Proxy
from tests.services.test_access import settings
from tests.services.test_auditing import records

pytestmark = pytest.mark.browser
HERE = Path(__file__).resolve().parent.parent / "oidc"
CLIENT, SECRET = "pacs", "for-tests-only"


@pytest.fixture(scope="module")
def server() -> Iterator[Proxy]:
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "oidc-provider").exists():
        pytest.skip("The identity provider is not installed; run .ci/prepare test.")
    with FakeOrthanc() as orthanc:
        server = Proxy(orthanc.url, sign_in=1, oidc_client_id=CLIENT, oidc_client_secret=SECRET)
        process = subprocess.Popen(
            [node, str(HERE / "provider.mjs"), server.url, CLIENT, SECRET],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout
            # Another site than ours, as it would be: cookies must find their way.
            issuer = f"http://localhost:{int(process.stdout.readline())}"
            server.env |= {
                "PACS_PROXY_OIDC_ISSUER": issuer,
                "PACS_PROXY_OIDC_OWN_URL": server.url,
                "PACS_PROXY_OIDC_ROLES": "radiologists=reader",
                "PACS_PROXY_OIDC_NAME": "the clinic",
            }
            with server:
                yield server
        finally:
            process.kill()
            process.communicate()


def consent(page: Page, name: str) -> None:
    page.fill("[name=login]", name)
    page.fill("[name=password]", "whatever")
    page.click("button[type=submit]")
    page.click("text=Continue")


def test_a_reader_signs_in_with_the_clinic_and_out_of_both(
    server: Proxy, viewer: OpenViewer
) -> None:
    window = viewer(server.url)
    page = window.page
    page.goto(server.url)
    page.locator(".sign-in [name=password]").wait_for(state="visible")
    window.picture("sign-in-provider")
    page.click("text=Sign in with the clinic")
    consent(page, "ann")
    page.locator(".who-name").filter(has_text="ann").wait_for()
    assert page.url == f"{server.url}/"
    assert not page.locator(".sign-in").is_visible()

    # Whoever is in the middle of something signs in again beside it.
    with (
        closing(Database(settings(server).database_address)) as database,
        database.write() as session,
    ):
        session.execute(delete(SignIn))
    page.evaluate(UNTIL_OUT)
    page.locator(".sign-in").wait_for(state="visible")
    page.evaluate("window.stays = true")
    with page.context.expect_page() as opened:
        page.click("text=Sign in with the clinic")
    opened.value.locator(".who-name").filter(has_text="ann").wait_for()
    opened.value.close()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.locator(".sign-in").wait_for(state="hidden")
    assert page.evaluate("window.stays")

    page.click("text=Sign out")
    page.click("text=Yes, sign me out")
    page.wait_for_url(f"{server.url}/")
    page.locator(".sign-in").wait_for(state="visible")
    told = [(row["event"], row["outcome"], row["principal"]) for row in records(server)]
    assert ("session.begun", "done", "ann") in told
    assert told[-1] == ("session.ended", "done", "ann")
    assert window.errors == []


def test_who_has_no_role_reads_why(server: Proxy, viewer: OpenViewer) -> None:
    window = viewer(server.url)
    window.page.goto(server.url)
    window.page.click("text=Sign in with the clinic")
    consent(window.page, "cook")
    window.page.locator(".sign-in-state").filter(has_text="has no role here").wait_for()
    assert window.page.url == f"{server.url}/"
    assert window.errors == []


def test_the_same_code_twice_in_one_browser_signs_nobody_in_again(
    server: Proxy, viewer: OpenViewer
) -> None:
    """As who finds the address in the history; the browser still has all its other cookies."""
    window = viewer(server.url)
    page = window.page
    came: list[str] = []
    page.on("request", lambda r: came.append(r.url) if "/oidc/callback?" in r.url else None)
    page.goto(server.url)
    page.click("text=Sign in with the clinic")
    consent(page, "ann")
    page.locator(".who-name").filter(has_text="ann").wait_for()
    [callback] = came
    before = outcomes(server)
    page.context.clear_cookies(name="pacs-session")
    page.goto(callback)
    page.locator(".sign-in-state").filter(has_text="could not be proven").wait_for()
    assert not page.locator(".who-name").is_visible()
    assert outcomes(server) == [*before, "identity_refused"]
    assert [c["name"] for c in page.context.cookies(server.url) if "session" in c["name"]] == []
    assert window.errors == []


def outcomes(server: Proxy) -> list[str]:
    return [row["outcome"] for row in records(server) if row["event"] == "session.begun"]
