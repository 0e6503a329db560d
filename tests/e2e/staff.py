"""A server with an administrator and a reader, and the way in for either."""

from collections.abc import Iterator
from contextlib import contextmanager

from pacs_proxy import doorkeeper
from pacs_proxy.settings import Settings
from tests.e2e.conftest import OpenViewer
from tests.e2e.viewer import Viewer
from tests.fakes import FakeOrthanc
from tests.server import Proxy

PASSWORD = "a horse, a battery"


@contextmanager
def staffed() -> Iterator[Proxy]:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, sign_in=1) as server:
        for name, role in [("boss", "admin"), ("ray", "reader")]:
            doorkeeper.add_user(Settings(data_dir=str(server.data)), name, role, PASSWORD)
        yield server


def entered(viewer: OpenViewer, server: Proxy, name: str, password: str = PASSWORD) -> Viewer:
    window = viewer(server.url, 1440)
    page = window.page
    page.goto(server.url)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".who-name").get_by_text(name).wait_for()
    return window
