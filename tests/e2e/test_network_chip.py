"""What the header says of the line, beside what the line really is."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenViewer
from tests.e2e.shelf import Book
from tests.fakes import Link
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

ONE_WAY, RATE = 0.15, 125_000.0
PATIENCE_MS = 60_000
VALUE = "dt:has-text('{}') + dd"


def cut_until_seen(line: Link, seen: Callable[[], bool]) -> None:
    """What breaks before its answer begins is mended by the browser unseen: not each cut counts."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not seen():
        assert time.monotonic() < deadline
        line.cut()
        until = time.monotonic() + 1.5
        while not seen() and time.monotonic() < until:
            time.sleep(0.05)


def test_the_chip_tells_rate_time_and_breaks_of_the_line(
    served: Proxy, warm: Book, bars: Book, viewer: OpenViewer
) -> None:
    with Link("127.0.0.1", served.port) as line:
        window = viewer(line.url).open(warm)
        window.until_shown(0)
        line.latency, line.rate = ONE_WAY, RATE
        line.cut()
        window.go_to(bars)
        chip = window.page.locator(".network-chip")
        expect(chip).to_contain_text("Mbit/s", timeout=PATIENCE_MS)
        chip.click()
        card = window.page.locator(".network-card")
        survived = card.locator(VALUE.format("Breaks survived"))
        window.until("s.counts().received > 2")
        before = survived.inner_text()
        cut_until_seen(line, lambda: survived.inner_text() != before)
        window.picture("network")
        window.until_all(24)
        expect(card.locator(VALUE.format("Loads broken on the way"))).not_to_have_text("0 %")
        rate = float(card.locator(VALUE.format("Arrives at")).inner_text().split()[0])
        # A mean: the quick line of before still counts for something.
        assert rate <= 1.5 * RATE * 8 / 1e6
        took = int(card.locator(VALUE.format("An answer takes")).inner_text().split()[0])
        assert took >= 2 * ONE_WAY * 1000 - 5
        assert card.locator(VALUE.format("Name looked up in")).inner_text() == "not asked"
        lost = card.locator(VALUE.format("Loads broken on the way")).inner_text()
        assert float(lost.removesuffix(" %")) > 0
        assert "breaks survived" in str(chip.get_attribute("aria-label"))
        window.page.keyboard.press("Escape")
        expect(card).to_be_hidden()
        # That closed the card and nothing else.
        assert window.status.startswith("24/24")
        window.go_to_list()
        chip.click()
        expect(card.locator(VALUE.format("Arrives at"))).to_contain_text("Mbit/s")
        assert window.errors == []
