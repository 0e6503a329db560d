"""Several viewports: each as honest as one, and they know of each other."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.shelf import Book, Shelf, is_drawn_right
from tests.e2e.textured import Textured
from tests.e2e.viewer import Viewer
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

AXIAL = Textured(study=3, tag=1, count=12, description="Axial thin", patient="LAYOUTS")
SAGITTAL = replace(
    AXIAL,
    tag=2,
    count=7,
    orientation=(0, 1, 0, 0, 0, -1),
    origin=(-20, -90, 120),
    step=(6, 0, 0),
    description="Sagittal",
)
THICK = replace(AXIAL, tag=3, count=6, step=(0, 0, 8), description="Axial thick")
PRIOR = replace(AXIAL, study=4, date="20250101", origin=(-50, -90, 1000), count=12)


# The ends of the line in the second viewport, in window coordinates.
LINE = """() => {
  const pane = document.querySelectorAll('.pane')[1];
  const { x, y } = pane.getBoundingClientRect();
  const line = pane.querySelector('.cross-lines line');
  const at = (name) => Number(line?.getAttribute(name) ?? Number.NaN);
  return [at('x1') + x, at('y1') + y, at('x2') + x, at('y2') + y];
}"""


@pytest.fixture(scope="module")
def study(shelf: Shelf) -> list[Book]:
    return [shelf.add(series) for series in (AXIAL, SAGITTAL, THICK, PRIOR)]


@pytest.fixture(scope="module")
def desk(browser: Browser, served: Proxy) -> Iterator[Viewer]:
    with closing(Viewer(browser, served.url, 1440)) as window:
        yield window


@pytest.fixture
def window(desk: Viewer, study: list[Book]) -> Iterator[Viewer]:
    desk.anew().open(study[0]).until_shown(0)
    yield desk
    assert desk.errors == []


def panes(window: Viewer) -> list[dict[str, object]]:
    found: list[dict[str, object]] = window.page.evaluate("window.__pacsProxy.panes()")
    return found


def until_all_shown(window: Viewer, count: int) -> None:
    window.until("s.panes().length === x && s.panes().every((p) => p.imageId)", count)


def test_panes_fill_with_the_next_series_and_each_shows_the_stored_values(
    window: Viewer, shelf: Shelf, study: list[Book]
) -> None:
    window.page.keyboard.press("Control+5")
    window.until("s.panes().filter((p) => p.imageId).length === 3")
    assert [pane["series"] for pane in panes(window)] == [
        *(book.series for book in study[:3]),
        "",
    ]
    for index, count in enumerate((12, 7, 6)):
        window.page.evaluate("index => window.__pacsProxy.activate(index)", index)
        drawn = window.walk(range(count))
        assert [is_drawn_right(shelf, picture) for picture in drawn] == [True] * count
    window.picture("layout-2x2")


def test_a_series_is_dragged_into_a_pane(window: Viewer, study: list[Book]) -> None:
    window.page.keyboard.press("Control+2")
    until_all_shown(window, 2)
    tile = window.page.locator(f"[data-series='{study[2].series}']")
    tile.drag_to(window.page.locator(".pane").nth(1))
    window.until("s.panes()[1].series === x && s.panes()[1].imageId", study[2].series)
    assert [pane["active"] for pane in panes(window)] == [False, True]
    assert study[2].series in window.page.url
    assert panes(window)[0]["series"] == study[0].series


def test_a_closed_cover_in_one_pane_says_nothing_of_the_other(
    window: Viewer, study: list[Book]
) -> None:
    window.page.keyboard.press("Control+2")
    until_all_shown(window, 2)
    window.page.route(re.compile("/(display|compact)$"), lambda route: route.abort())
    window.page.evaluate("window.__pacsProxy.activate(1)")
    window.page.locator(f"[data-series='{study[2].series}']").click()
    window.until("s.panes()[1].series === x && s.panes()[1].cover !== 'off'", study[2].series)
    assert panes(window)[0]["cover"] == "off"
    assert panes(window)[0]["imageId"] is not None
    window.page.unroute_all()
    until_all_shown(window, 2)


def test_linked_viewports_scroll_by_position_not_by_number(
    window: Viewer, study: list[Book]
) -> None:
    window.page.keyboard.press("Control+2")
    until_all_shown(window, 2)
    window.page.evaluate("window.__pacsProxy.activate(1)")
    window.page.locator(f"[data-series='{study[2].series}']").click()
    window.until("s.panes()[1].series === x && s.panes()[1].imageId", study[2].series)
    window.page.evaluate("window.__pacsProxy.activate(0)")
    window.page.keyboard.press("k")
    window.walk([8])
    window.until("s.panes()[1].imageId === x", f"vdcm:{study[2].instances[4]}")
    window.picture("layout-linked")


def test_a_reference_line_lies_where_the_planes_cut(window: Viewer, study: list[Book]) -> None:
    """Axial slice 5 lies at z = 20; the sagittal picture shows z downwards from 120."""
    window.page.keyboard.press("Control+2")
    until_all_shown(window, 2)
    window.walk([5])
    row = (120 - 20) / SAGITTAL.down
    window.page.evaluate("window.__pacsProxy.activate(1)")
    top = window.page.evaluate("row => window.__pacsProxy.placed(0, row)", row)
    window.page.evaluate("window.__pacsProxy.activate(0)")
    window.page.wait_for_function(
        f"top => {{ const ends = ({LINE})(); return Math.abs(ends[1] - top) <= 1"
        " && Math.abs(ends[3] - top) <= 1; }",
        arg=top[1],
    )
    window.picture("layout-lines")


def test_the_prior_hangs_beside_and_follows_from_where_it_lay(
    window: Viewer, study: list[Book]
) -> None:
    window.page.locator(".prior").wait_for()
    window.page.keyboard.press("y")
    window.until("s.panes().length === 2 && s.panes()[1].series === x", study[3].series)
    until_all_shown(window, 2)
    expect(window.page.locator(".corner.top-right").nth(1)).to_contain_text("2025-01-01")
    window.page.keyboard.press("k")
    window.walk([6])
    window.until("s.panes()[1].imageId === x", f"vdcm:{study[3].instances[6]}")
    window.picture("layout-prior")
    expect(window.page.locator(".corner.top-right").nth(1)).to_contain_text("earlier study")
    window.go_to(study[3])
    expect(window.page.locator(".strip h2")).to_have_text(["Later studies"])
    window.page.keyboard.press("y")
    window.until("s.panes().length === 2 && s.panes()[1].series === x", study[0].series)
    expect(window.page.locator(".corner.top-right").nth(1)).to_contain_text("later study")


def test_a_layout_is_remembered_without_a_word_on_the_patient(
    window: Viewer, study: list[Book]
) -> None:
    window.page.keyboard.press("Control+2")
    until_all_shown(window, 2)
    window.page.keyboard.press("o")
    kept = window.page.evaluate("() => JSON.stringify(localStorage)")
    assert "LAYOUTS" not in kept.upper()
    assert "TOM" not in kept.upper()
    window.page.reload()
    until_all_shown(window, 2)
    window.until("document.querySelector('.key-star').hidden === false")


def test_tags_are_searched_and_the_picture_says_how_it_came(window: Viewer) -> None:
    window.page.keyboard.press("F2")
    dialog = window.page.get_by_role("dialog", name="Image information")
    expect(dialog).to_contain_text("Explicit VR Little Endian")
    expect(dialog).to_contain_text("verified: MD5")
    dialog.get_by_role("searchbox").fill("slicethick")
    expect(dialog.locator("tr")).to_have_count(1)
    assert dialog.locator("tr").all_inner_texts() == ["(0018,0050)\tSliceThickness\tDS\t4"]
    window.picture("info")
    dialog.get_by_role("button", name="Close").click()


def test_a_saved_picture_says_that_it_is_not_diagnostic(window: Viewer) -> None:
    with window.page.expect_download() as saving:
        window.page.keyboard.press("F4")
    assert saving.value.suggested_filename == "picture-not-diagnostic.png"
    assert saving.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_place_pointed_at_is_found_in_the_other_planes(window: Viewer, study: list[Book]) -> None:
    """The sagittal slice nearest to the pixel, and a cross on its place in both pictures."""
    window.page.keyboard.press("Control+2")
    until_all_shown(window, 2)
    window.walk([5])
    window.page.keyboard.press("/")
    column = (-20 + 4 * 6 - AXIAL.origin[0]) / AXIAL.across
    x, y = window.page.evaluate("p => window.__pacsProxy.placed(...p)", [column, 40])
    window.page.mouse.move(x, y)
    window.page.mouse.down()
    window.page.mouse.up()
    window.until("s.panes()[1].imageId === x", f"vdcm:{study[1].instances[4]}")
    lines = window.page.locator(".pane").nth(1).locator(".cross-lines line")
    window.page.wait_for_function(
        "() => document.querySelectorAll('.pane')[1].querySelectorAll('line').length === 5"
    )
    box = lines.nth(1).bounding_box()
    window.page.evaluate("window.__pacsProxy.activate(1)")
    place = (AXIAL.origin[1] + 40 * AXIAL.down - SAGITTAL.origin[1]) / SAGITTAL.across
    wanted = window.page.evaluate(
        "p => window.__pacsProxy.placed(...p)", [place, (120 - 20) / SAGITTAL.down]
    )
    assert box is not None
    assert (box["x"] + box["width"] + 6, box["y"]) == pytest.approx(wanted, abs=2)
    window.picture("layout-cross")


def test_dragging_scrolls_and_a_key_can_be_changed(window: Viewer) -> None:
    page = window.page
    page.keyboard.press("s")
    box = page.locator(".canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 200 + 24 * 4, steps=8)
    page.mouse.up()
    window.until("s.wanted() === 4 && s.imageId() !== null")
    # The slices scroll, and never the page with them.
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.keyboard.press("?")
    page.get_by_role("button", name="Invert: I. Change").click()
    page.keyboard.press("q")
    window.picture("keys")
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("i")
    assert not page.evaluate("window.__pacsProxy.window()")["inverted"]
    page.keyboard.press("q")
    window.until("s.window().inverted")


def test_one_finger_scrolls_two_fingers_zoom(
    browser: Browser, served: Proxy, study: list[Book]
) -> None:
    window = Viewer(browser, served.url, 1024, touch=True).open(study[0])
    try:
        window.until_shown(0)
        touch = window.context.new_cdp_session(window.page)

        def fingers(kind: str, *points: tuple[float, float]) -> None:
            at = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

        fingers("touchStart", (500, 200))
        for step in range(1, 9):
            fingers("touchMove", (500, 200 + 12 * step))
        fingers("touchEnd")
        window.until("s.wanted() >= 3 && s.imageId() !== null")
        before = window.page.evaluate("s => window.__pacsProxy.placed(60, 60)[0]")
        beside = window.page.evaluate("s => window.__pacsProxy.placed(90, 60)[0]")
        fingers("touchStart", (450, 300), (550, 300))
        for step in range(1, 11):
            fingers("touchMove", (450 - 8 * step, 300), (550 + 8 * step, 300))
        fingers("touchEnd")
        window.until("s.placed(90, 60)[0] - s.placed(60, 60)[0] > 1.2 * x", beside - before)
        window.picture("touch")
        assert window.errors == []
    finally:
        window.close()


def test_a_proven_series_says_so_and_its_tile_too(window: Viewer) -> None:
    window.until_all(12)
    window.page.get_by_text("series complete and verified").wait_for()
    window.page.locator(".tile[data-state='done']").wait_for()
