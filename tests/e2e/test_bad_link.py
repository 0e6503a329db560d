"""A bad line before or behind the proxy: no wrong picture, and all slices in the end."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest
from playwright.sync_api import Route, expect
from pydicom.uid import JPEG2000Lossless

from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.demo.phantom import Label, Patient, Study, ct_series
from tests.e2e.conftest import TAG, OpenViewer
from tests.e2e.shelf import Book, Shelf, is_drawn_right
from tests.e2e.viewer import Viewer
from tests.fakes import Link
from tests.fakes.trouble import KINDS, Kind, Script, Storm, Trouble, stall_at
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

COUNT = 24
# A file is 75 kB: a trouble every fifth file or so.
EVERY = 300_000
# The series takes a quarter of a minute: however busy the machine, most of it has yet to come.
SLOW = 120_000.0
# As production has them; tests of other things are patient with a busy machine.
HASTY = {"first_byte_seconds": 3.0, "stall_seconds": 1.0, "stall_floor_seconds": 0.25}
MIXED = cast("tuple[Kind, ...]", tuple(KINDS))


class Sure:
    """A storm that surely comes: the first connections meet it within the bytes of one file."""

    def __init__(self, storm: Storm, connections: int = 3) -> None:
        self._storm, self._left = storm, connections

    def troubles(self, connection: int) -> Iterator[Trouble]:
        coming = self._storm.troubles(connection)
        if self._left > 0:
            self._left -= 1
            first = next(coming)
            yield replace(first, at=min(first.at, 20_000))
        yield from coming


def assert_all_proven(window: Viewer, shelf: Shelf) -> None:
    """Each slice in turn is drawn from the stored values, and in the end nothing has failed.

    On the way a slice may be hit three times in a row, be named and come with its second chance:
    the witness judges every frame meanwhile.
    """
    window.walk(range(COUNT))
    window.until_all(COUNT)
    drawn = window.walk(range(COUNT))
    wrong = [n for n, one in enumerate(drawn) if not is_drawn_right(shelf, one)]
    assert wrong == [], window.state
    assert window.failures == [], window.state
    assert window.toasts == []
    told = window.told()
    assert told["wrong"] == []
    assert told["indexes"] == list(range(COUNT))


@pytest.fixture
def window(viewer: OpenViewer, line: Link, warm: Book) -> Viewer:
    """The page and its picture engine are there; from now on the weather may turn."""
    window = viewer(line.url, 900).open(warm)
    window.until_shown(0)
    return window


def arrive(window: Viewer, bars: Book) -> None:
    """At the series, with its list; every slice of it has yet to come."""
    window.go_to(bars)
    window.witness(TAG)


@pytest.mark.parametrize("kinds", [("rst",), ("fin",), ("stall",), ("flip",), MIXED], ids="+".join)
def test_every_slice_comes_right_from_browser_to_proxy_through(
    line: Link, shelf: Shelf, bars: Book, window: Viewer, kinds: tuple[Kind, ...]
) -> None:
    # A stall costs ten seconds each, a flip the whole slice: fewer of them.
    line.weather = Sure(Storm(7, EVERY * (3 if {"stall", "flip"} & set(kinds) else 1), kinds))
    line.cut()
    arrive(window, bars)
    assert_all_proven(window, shelf)
    assert {trouble.kind for _, trouble in line.met} <= set(kinds)
    assert line.met, "no trouble, no proof"


@pytest.mark.parametrize(
    ("latency", "rate"), [(0.3, None), (0.02, 2.5e6)], ids=["300 ms", "20 Mbit 40 ms"]
)
def test_a_slow_line_is_only_slow(
    line: Link,
    shelf: Shelf,
    bars: Book,
    window: Viewer,
    latency: float,
    rate: float | None,
) -> None:
    line.latency, line.rate = latency, rate
    arrive(window, bars)
    assert_all_proven(window, shelf)


def test_on_a_slow_line_the_same_pixels_come_in_fewer_bytes(
    line: Link, shelf: Shelf, bars: Book, window: Viewer
) -> None:
    line.rate = 1e6
    arrive(window, bars)
    assert_all_proven(window, shelf)
    sizes = window.page.evaluate(
        "() => performance.getEntriesByType('resource')"
        ".filter((one) => one.name.endsWith('/compact')).map((one) => one.encodedBodySize)"
    )
    # What came before the link was known to be slow came as stored: 75 kB each.
    assert len(sizes) > COUNT / 2
    assert max(sizes) < 0.7 * 75_000
    assert "sent as lossless HTJ2K" in window.page.locator(".picture").inner_text()


def test_what_takes_long_is_previewed_and_marked_until_it_is_proven(
    line: Link, shelf: Shelf, viewer: OpenViewer
) -> None:
    large = shelf.add(ct_series(4, 1024, 1024, label=Label(Study(Patient("Large^Ct"), "CT", "L1"))))
    line.rate = 500_000
    window = viewer(line.url, 900).open(large)
    window.until_shown(0)
    line.rate = SLOW
    window.show(3)
    window.until("s.cover() === 'loading' && document.querySelector('[data-preview]') !== null")
    cover = window.page.locator(".cover[data-preview]")
    assert "Preview: not diagnostic" in cover.inner_text()
    expect(cover.locator("img")).to_have_js_property("naturalWidth", 512)
    assert window.page.evaluate("window.__pacsProxy.imageId()") is None
    window.picture("preview")
    line.rate = None
    window.until_shown(3)
    assert cover.count() == 0
    assert [is_drawn_right(shelf, one) for one in window.walk([3])] == [True]


def test_a_line_that_is_gone_for_a_while_is_named_and_waited_for(
    line: Link, shelf: Shelf, bars: Book, window: Viewer
) -> None:
    # The list comes, and of no picture the whole.
    line.weather = Script(*[stall_at(40_000)] * 500)
    line.cut()
    arrive(window, bars)
    line.refuse()
    line.cut()
    window.show(12)
    window.page.get_by_text("No answer from the server for").first.wait_for()
    window.picture("server-away")
    line.weather = Script()
    line.accept()
    assert_all_proven(window, shelf)


@pytest.mark.parametrize("kinds", [("rst",), ("fin",), ("stall",), ("flip",), MIXED], ids="+".join)
def test_every_slice_comes_right_from_archive_to_proxy_through(
    orthanc: ThrowawayOrthanc,
    shelf: Shelf,
    bars: Book,
    warm: Book,
    viewer: OpenViewer,
    kinds: tuple[Kind, ...],
) -> None:
    with (
        Link("127.0.0.1", orthanc.http_port) as behind,
        Proxy(behind.url, threads=16, **HASTY) as proxy,
    ):
        window = viewer(proxy.url, 900).open(warm)
        window.until_shown(0)
        # A stall costs a quarter of a second here; on however many connections, some are met.
        behind.weather = Sure(Storm(3, EVERY // 4 if kinds == ("stall",) else EVERY, kinds))
        behind.cut()
        arrive(window, bars)
        assert_all_proven(window, shelf)
        assert behind.met, "no trouble, no proof"


def test_a_stall_of_seconds_is_said_and_outlived(
    line: Link, shelf: Shelf, bars: Book, window: Viewer
) -> None:
    """Every connection stalls once for longer than the reader should wait without a word."""
    # So slow that the slice asked for next cannot have come already.
    line.rate = SLOW
    arrive(window, bars)
    line.weather = Script(*[stall_at(2_000, 5.0)] * 500)
    line.cut()
    window.show(20)
    # Which of the two it is depends on what stalls longer: the slice, or the question after it.
    said = re.compile("The connection is slow|No answer from the server for")
    window.page.get_by_text(said).first.wait_for()
    window.picture("slow")
    line.weather, line.rate = Script(), None
    assert_all_proven(window, shelf)


def test_a_decoder_that_does_not_arrive_is_asked_for_anew_and_no_picture_is_blamed(
    served: Proxy, shelf: Shelf, viewer: OpenViewer
) -> None:
    label = Label(Study(Patient("Packed^Ct"), "CT", "P2K"))
    packed = shelf.add(ct_series(2, 64, 64, JPEG2000Lossless, label=label))
    window = viewer(served.url, 900)
    asked: list[str] = []

    def lose_the_first(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()

    window.page.route("**/openjpeg*.wasm", lose_the_first)
    window.open(packed)
    window.page.get_by_text("The connection is slow").first.wait_for()
    window.picture("decoder-awaited")
    window.until_all(2)
    assert [is_drawn_right(shelf, one) for one in window.walk(range(2))] == [True, True]
    assert len(asked) > 1
    assert (window.failures, window.toasts) == ([], [])
