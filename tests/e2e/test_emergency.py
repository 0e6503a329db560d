"""In an emergency a reader opens a study out of reach; a red banner lasts as long as that does."""

from collections.abc import Iterator

import pytest

from pacs_proxy import doorkeeper
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.settings import Settings
from tests.e2e.conftest import TAG, OpenViewer
from tests.e2e.shelf import Book
from tests.e2e.test_device import DATABASES, KEPT, NAME
from tests.e2e.test_signing_in import PASSWORD, sign_in
from tests.e2e.viewer import Viewer
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]
AN_HOUR_LATER = "() => { const now = Date.now; Date.now = () => now() + 3_700_000; }"


@pytest.fixture(scope="module")
def server(orthanc: ThrowawayOrthanc) -> Iterator[Proxy]:
    with Proxy(orthanc.url, sign_in=1) as server:
        settings = Settings(data_dir=str(server.data))
        for name in ("ann", "tess"):
            doorkeeper.add_user(settings, name, "reader", PASSWORD)
            doorkeeper.restrict_user(settings, name, Restriction.of(labels=["nothing has it"]))
        doorkeeper.grant_user(settings, "ann", may_break_glass=True)
        yield server


def break_glass(window: Viewer) -> None:
    window.page.get_by_role("button", name="Emergency access").click()
    dialog = window.page.locator("dialog.emergency")
    dialog.get_by_label("By its").select_option("patient_id")
    dialog.get_by_label("Exactly as in the archive").fill(f"BARS-{TAG}")
    dialog.get_by_label("Reason").fill("Polytrauma, comparison needed at once.")
    window.picture("emergency-dialog")
    dialog.get_by_role("button", name="Open in an emergency").click()


def test_a_study_out_of_reach_opens_with_a_reason_and_a_banner(
    server: Proxy, viewer: OpenViewer, bars: Book
) -> None:
    window = viewer(server.url, 1440)
    page = window.page
    page.add_init_script("localStorage.setItem('pacs-proxy.device', 'keep')")
    page.goto(server.url)
    sign_in(window)
    break_glass(window)
    window.until_shown(0)
    page.get_by_role("button", name="End it now").click()
    page.get_by_text("The emergency access to the study has ended").wait_for()
    page.locator(".list").wait_for()
    break_glass(window)
    window.until_shown(0)
    page.locator(".glass-banner").get_by_text("EMERGENCY ACCESS, 60 minutes left").wait_for()
    window.picture("emergency-banner")
    page.reload()
    window.until_shown(0)
    page.locator(".glass-banner").get_by_text("minutes left").wait_for()
    window.until_all(24)
    # The device is ready to keep images, and keeps none of these.
    page.wait_for_function(f"async x => String(await ({DATABASES})()) === x", arg=NAME)
    assert page.evaluate(KEPT, NAME) == 0
    page.evaluate(AN_HOUR_LATER)
    page.get_by_text("The emergency access to the study has ended").wait_for()
    page.locator(".list").wait_for()
    assert window.errors == []


def test_who_has_no_grant_is_not_offered_it(server: Proxy, viewer: OpenViewer) -> None:
    window = viewer(server.url, 960)
    window.page.goto(server.url)
    sign_in(window, name="tess")
    window.page.locator(".who-name").get_by_text("tess").wait_for()
    assert not window.page.get_by_role("button", name="Emergency access").is_visible()
