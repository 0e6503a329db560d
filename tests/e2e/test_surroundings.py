"""Light and dark around the pictures: legible in both, and nobody's name where others look."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.conftest import TAG, OpenViewer
from tests.e2e.shelf import Book
from tests.e2e.viewer import Viewer
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]
CONTRAST = {"runOnly": ["color-contrast"]}
# So many frames are looked at while slices are played.
SEEN = """() => new Promise((resolve) => {
  const seen = new Set();
  const look = () => {
    seen.add(window.__pacsProxy.wanted());
    if (seen.size < 4) requestAnimationFrame(look);
    else setTimeout(() => { seen.add(window.__pacsProxy.wanted()); resolve([...seen]); }, 500);
  };
  look();
})"""


def faint(window: Viewer) -> list[str]:
    """What WCAG AA finds too faint: 4.5 to 1, 3 to 1 for large text."""
    found: dict[str, Any] = Axe().run(window.page, options=CONTRAST).response
    nodes = [node for violation in found["violations"] for node in violation["nodes"]]
    return [f"{node['html'][:80]}: {node['failureSummary']}" for node in nodes]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_everything_is_legible(served: Proxy, bars: Book, viewer: OpenViewer, theme: str) -> None:
    window = viewer(served.url, 1440)
    window.page.goto(served.url)
    window.page.locator("tbody tr").first.wait_for()
    if theme == "light":
        window.page.get_by_role("button", name="Light or dark").click()
    assert window.page.evaluate("document.documentElement.dataset.theme ?? 'dark'") == theme
    window.picture(f"list-{theme}")
    assert faint(window) == []
    window.go_to(bars)
    window.until_all(24)
    window.picture(f"reader-{theme}")
    assert faint(window) == []
    # Around them, never behind them.
    ground = "getComputedStyle(document.querySelector('.pane')).backgroundColor"
    assert window.page.evaluate(ground) == "rgb(0, 0, 0)"
    assert window.page.title() == "PACS Proxy"
    window.page.keyboard.press("?")
    assert faint(window) == []
    window.page.keyboard.press("Escape")
    # The list's button knows what the reader's command has done.
    pressed = window.page.get_by_role("button", name="Light or dark", include_hidden=True)
    window.page.get_by_role("button", name="View", exact=True).click()
    window.page.get_by_role("menuitemcheckbox", name="Light surroundings").click()
    window.page.evaluate("location.hash = ''")
    expect(pressed).to_have_attribute("aria-pressed", "false" if theme == "light" else "true")
    assert window.errors == []


def test_slices_are_played_from_one_to_another(
    served: Proxy, bars: Book, viewer: OpenViewer
) -> None:
    window = viewer(served.url).open(bars)
    window.until_all(24)
    for index, key in ((5, "<"), (8, ">")):
        window.show(index)
        window.until_shown(index)
        window.page.keyboard.press(key)
    span = window.page.locator(".span")
    expect(span).to_contain_text("6–9")
    window.picture("span")
    window.page.keyboard.press(" ")
    assert sorted(window.page.evaluate(SEEN)) == [5, 6, 7, 8]
    window.page.keyboard.press(" ")
    span.click()
    expect(span).to_be_hidden()
    expect(window.page.locator(".toolbar-title")).to_contain_text(str(TAG))
