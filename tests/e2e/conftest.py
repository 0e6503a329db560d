"""One Chromium for all; an archive with known content; viewers that close themselves."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserType, expect, sync_playwright

from pacs_proxy.demo.orthanc import ThrowawayOrthanc, find_executable
from tests.e2e.papers import Reader
from tests.e2e.shelf import Book, Shelf
from tests.e2e.slices import Barred
from tests.e2e.viewer import Viewer
from tests.fakes import Link
from tests.server import Proxy
from tests.waiting import PATIENCE, until

# Its own five seconds are a quiet machine's.
expect.set_options(timeout=PATIENCE * 1000)

CHROMIUM = Path("/usr/bin/chromium")
# The last such switch wins, so what Playwright 1.65 switches off is said again. The address bar's
# menus are two more pages for each window, and cost a third of what opening the viewer does.
PLAYWRIGHTS_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,"
    "ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,TcpPortRandomizationWin,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    "msForceBrowserSignIn,msEdgeUpdateLaunchServicesPreferredVersion"
)
MENUS = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup"
FLAGS = [
    f"--disable-features={PLAYWRIGHTS_OFF},{MENUS}",
    "--no-sandbox",
    "--enable-unsafe-swiftshader",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TAG = 5

OpenViewer = Callable[..., Viewer]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Only what hangs is ended: what waits for its conditions ends by itself."""
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in here:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserType]:
    """Its driver; several browsers may be started by it."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed here; run: apt-get install chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    with chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser:
        yield browser


@pytest.fixture(scope="session")
def flat(chromium: BrowserType) -> Iterator[Browser]:
    """Without a graphics card, and without its software stand-in."""
    flags = [*FLAGS, "--disable-3d-apis"]
    with chromium.launch(executable_path=CHROMIUM, args=flags) as browser:
        yield browser


@pytest.fixture
def viewer(browser: Browser) -> Iterator[OpenViewer]:
    """`viewer(url)`: a window of its own; a narrow one is drawn faster."""
    with ExitStack() as opened:

        def start(url: str, width: int = 1280) -> Viewer:
            window = Viewer(browser, url, width)
            opened.callback(window.close)
            return window

        yield start


@pytest.fixture(scope="session")
def orthanc() -> Iterator[ThrowawayOrthanc]:
    """For tests that do it no harm."""
    if find_executable() is None:
        pytest.skip("Orthanc is not installed here; run: apt-get install orthanc")
    with ThrowawayOrthanc() as orthanc:
        yield orthanc


@pytest.fixture(scope="session")
def shelf(orthanc: ThrowawayOrthanc) -> Shelf:
    return Shelf(orthanc.url)


@pytest.fixture(scope="session")
def bars(shelf: Shelf) -> Book:
    """24 slices that say which they are."""
    return shelf.add(Barred(TAG))


@pytest.fixture(scope="session")
def warm(shelf: Shelf) -> Book:
    """A single slice, to have the page and its picture engine there before the trouble begins."""
    return shelf.add(Barred(1, 1, 48))


@pytest.fixture(scope="session")
def served(orthanc: ThrowawayOrthanc) -> Iterator[Proxy]:
    """The real proxy before it, with nothing wrong anywhere."""
    with Proxy(orthanc.url, threads=16) as proxy:
        yield proxy
        assert '"level": "error"' not in proxy.log, proxy.log[-3000:]
        # The last windows' connections end a moment after them.
        until(lambda: max(held(proxy)) < 100, every=0.2)
        print(f"\ndescriptors held by the workers at the end: {held(proxy)}")


def held(proxy: Proxy) -> list[int]:
    return [len(list(Path(f"/proc/{worker}/fd").iterdir())) for worker in proxy.workers]


@pytest.fixture
def line(served: Proxy) -> Iterator[Link]:
    """Between browser and proxy."""
    with Link("127.0.0.1", served.port) as link:
        yield link


@pytest.fixture(scope="module")
def paper_desk(browser: Browser, served: Proxy, shelf: Shelf) -> Iterator[Reader]:
    with closing(Viewer(browser, served.url)) as window:
        yield Reader(window, shelf)


@pytest.fixture
def reader(paper_desk: Reader) -> Iterator[Reader]:
    with paper_desk.at_list() as reader:
        yield reader
