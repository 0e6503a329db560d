"""The reader's main job: find a study, open it, scroll it, and see what the archive stored."""

from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from pacs_proxy.demo.phantom import (
    Label,
    Patient,
    Study,
    ct_series,
    mammogram,
    mr_series,
    ultrasound_cine,
)
from pacs_proxy.demo.syntaxes import LOSSLESS
from tests.e2e.conftest import TAG, OpenViewer
from tests.e2e.shelf import Book, Shelf, is_drawn_right
from tests.e2e.slices import Barred
from tests.e2e.test_device import fetched
from tests.e2e.viewer import Viewer
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

NAMES = {
    "Yamada^Tarou=山田^太郎=やまだ^たろう": ("Yamada", "山田", ("", "ISO 2022 IR 87")),
    "Демо^Голова": ("Демо", "Голова", ("ISO_IR 192",)),
    "قباني^لنزار": ("قباني", "لنزار", ("ISO_IR 192",)),
}


@pytest.fixture(scope="module")
def desk(browser: Browser, served: Proxy) -> Iterator[Viewer]:
    with closing(Viewer(browser, served.url)) as window:
        yield window


@pytest.fixture
def window(desk: Viewer) -> Iterator[Viewer]:
    """For who leaves nothing behind in it but what was opened."""
    yield desk.again()
    assert desk.errors == []


# At every animation frame: which number the page names, and what the canvas holds.
FRAMES = """() => {
  const frames = window.__frames = new Map();
  const look = () => {
    requestAnimationFrame(look);
    const words = document.querySelector('.corner.bottom-left').textContent;
    if (!document.querySelector('.cover').hidden) return;
    const canvas = document.querySelector('.canvas canvas');
    const part = [canvas.width / 4, canvas.height / 2, 400, 40];
    const middle = canvas.getContext("2d").getImageData(...part);
    let sum = 0;
    middle.data.forEach((value, at) => { sum = (sum * 31 + value * (at % 7)) % 2147483647; });
    if (!frames.has(words)) frames.set(words, new Set());
    frames.get(words).add(sum);
  };
  look();
}"""


def assert_all_right(viewer: Viewer, shelf: Shelf, count: int) -> list[Any]:
    """Every slice drawn from exactly the stored values, and every one another."""
    drawn = viewer.walk(range(count))
    wrong = [n for n, picture in enumerate(drawn) if not is_drawn_right(shelf, picture)]
    assert wrong == [], viewer.placeholder
    assert len({picture["imageId"] for picture in drawn}) == count
    return drawn


def test_a_reader_finds_a_study_opens_it_and_scrolls_it_with_the_keyboard(
    served: Proxy, bars: Book, viewer: OpenViewer
) -> None:
    window = viewer(served.url)
    window.page.goto(served.url)
    window.page.keyboard.press("/")
    window.page.keyboard.type(f"bars^{TAG}")
    row = window.page.locator(f"tr[data-study='{bars.study}']")
    window.page.wait_for_function("() => document.querySelectorAll('tbody tr').length === 1")
    row.wait_for()
    window.picture("list-search")
    window.page.locator("body").press("Escape")
    row.focus()
    window.page.keyboard.press("Enter")
    window.until("s.imageId() !== null")
    window.witness(TAG)
    for index in range(1, 24):
        window.page.keyboard.press("ArrowDown")
        window.until_witnessed(index)
    window.page.keyboard.press("Home")
    window.until_shown(0)
    window.until_all(24)
    told = window.told()
    assert told["wrong"] == []
    assert told["indexes"] == list(range(24))
    window.until_status("24/24 received, 24 verified")
    window.page.keyboard.press("Escape")
    row.wait_for()


def test_the_study_list_turns_its_pages(shelf: Shelf, served: Proxy, viewer: OpenViewer) -> None:
    for number in range(53):
        patient = Patient(f"Page^{number:02}", f"PAGE-{number:02}")
        shelf.add(ct_series(1, 16, 16, label=Label(Study(patient, "Pages", f"P{number}"), 1)))
    window = viewer(served.url)
    window.page.goto(served.url)
    window.page.get_by_role("searchbox", name="Patient ID").fill("PAGE-")
    rows = window.page.locator("tbody tr")
    window.page.get_by_text("1–50 of 53").wait_for()
    first = rows.all_inner_texts()
    window.picture("list")
    window.page.get_by_role("button", name="Next").click()
    window.page.get_by_text("51–53 of 53").wait_for()
    second = rows.all_inner_texts()
    assert not set(first) & set(second)
    assert window.page.get_by_role("button", name="Next").is_disabled()
    window.page.get_by_role("button", name="Previous").click()
    window.page.get_by_text("1–50 of 53").wait_for()
    assert rows.all_inner_texts() == first


def test_every_slice_of_a_ct_is_drawn_from_exactly_the_stored_values(
    shelf: Shelf, window: Viewer
) -> None:
    book = shelf.add(ct_series(20, 512, 512, label=Label(Study(Patient("Head^Ct"), "CT", "A1"))))
    window.open(book)
    assert_all_right(window, shelf, 20)
    window.until_all(20)
    window.until_status("20/20 received, 20 verified")
    window.walk([10])
    assert [window.page.inner_text(f".edge.{side}") for side in ("left", "right")] == ["R", "L"]
    assert [window.page.inner_text(f".edge.{side}") for side in ("top", "bottom")] == ["A", "P"]
    window.picture("ct")


def test_slices_lie_in_the_order_of_their_positions(bars: Book, window: Viewer) -> None:
    """By the bars on the screen itself: the first slice is the lowest."""
    window.open(bars)
    window.until_shown(0)
    window.witness(TAG)
    positions = []
    for index in range(24):
        window.walk([index])
        words = window.page.inner_text(".corner.bottom-left")
        positions.append(float(words.split("Position ")[1].split(" mm")[0]))
    assert all(later - earlier == pytest.approx(2) for earlier, later in pairwise(positions))
    assert window.told()["wrong"] == []


def test_a_witness_would_see_a_wrong_picture(served: Proxy, bars: Book, viewer: OpenViewer) -> None:
    """The judge of all the tests that follow is itself put to the test."""
    window = viewer(served.url).open(bars)
    window.until_shown(0)
    window.witness(TAG)
    window.page.evaluate(
        "() => { const c = document.querySelector('.canvas canvas');"
        "const p = c.getContext('2d'); p.fillStyle = '#fff'; p.fillRect(0, 0, c.width, c.height) }"
    )
    window.page.wait_for_function("() => window.__witness.seen.wrong.length > 0")
    assert window.told()["wrong"][0]["what"] == "another picture than the words say"


def test_a_cine_plays_every_frame_and_each_is_the_stored_one(
    shelf: Shelf, served: Proxy, viewer: OpenViewer
) -> None:
    book = shelf.add(ultrasound_cine(12, 200, 272))
    window = viewer(served.url).open(book)
    assert_all_right(window, shelf, 12)
    window.page.evaluate(FRAMES)
    window.page.get_by_role("button", name="Play").click()
    window.page.wait_for_function("() => window.__frames.size === 12")
    window.picture("cine")
    window.page.get_by_role("button", name="Pause").click()
    seen: dict[str, list[int]] = window.page.evaluate(
        "() => Object.fromEntries([...window.__frames].map(([k, v]) => [k, [...v]]))"
    )
    assert all(len(pictures) == 1 for pictures in seen.values()), "a frame under another's number"
    assert len({pictures[0] for pictures in seen.values()}) == 12


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda uid: LOSSLESS[uid][0].replace(" ", "-"))
def test_each_compression_gives_exactly_the_stored_values(
    shelf: Shelf, window: Viewer, syntax: str
) -> None:
    book = shelf.add(ct_series(4, 256, 256, syntax))
    window.open(book)
    assert_all_right(window, shelf, 4)
    window.until_all(4)
    assert "converted" not in window.page.inner_text(".corner.bottom-left")


def test_an_oblique_series_names_its_sides(shelf: Shelf, window: Viewer) -> None:
    book = shelf.add(mr_series(6, 256, 256, label=Label(Study(Patient("Head^Mr"), "MR", "A2"))))
    window.open(book)
    assert_all_right(window, shelf, 6)
    assert [window.page.inner_text(f".edge.{s}")[0] for s in ("left", "right")] == ["R", "L"]
    window.walk([3])
    window.picture("mr")


def test_a_mammogram_of_one_large_image_is_drawn(shelf: Shelf, window: Viewer) -> None:
    book = shelf.add(mammogram(2048, 1664))
    window.open(book)
    assert_all_right(window, shelf, 1)
    window.picture("mammogram")


@pytest.mark.parametrize("name", NAMES)
def test_names_in_any_script_are_shown(shelf: Shelf, window: Viewer, name: str) -> None:
    *parts, sets = NAMES[name]
    patient = Patient(name, f"NAME-{len(name)}-{parts[0]}", "19520703", "M", sets)
    book = shelf.add(ct_series(1, 64, 64, label=Label(Study(patient, "Names", "N"))))
    window.page.goto(window.url)
    row = window.page.locator(f"tr[data-study='{book.study}']")
    row.wait_for()
    for part in parts:
        expect(row).to_contain_text(part)
    row.click()
    window.until_shown(0)
    for part in parts:
        expect(window.page.locator(".corner.top-left")).to_contain_text(part)
    window.picture(f"name-{len(name)}")


def test_download_gives_the_stored_bytes(shelf: Shelf, bars: Book, window: Viewer) -> None:
    window.open(bars)
    window.walk([7])
    with window.page.expect_download() as saving:
        window.page.get_by_role("button", name="More").click()
        window.page.get_by_role("menuitem", name="Download image").click()
    assert saving.value.path().read_bytes() == shelf.files[bars.instances[7]]
    assert saving.value.suggested_filename == f"instance-{bars.instances[7][:8]}.dcm"


def test_a_series_opened_again_in_the_same_page_costs_no_image(
    shelf: Shelf, served: Proxy, bars: Book, viewer: OpenViewer
) -> None:
    other = shelf.add(Barred(9))
    window = viewer(served.url).open(bars)
    window.until_all(24)
    window.go_to(other)
    window.until_all(24)
    window.go_to_list()
    asked = fetched(window)
    for book in (bars, other):
        window.go_to(book)
        window.until_all(24)
        drawn = window.walk([0, 12, 23])
        assert all(is_drawn_right(shelf, one) for one in drawn)
    assert asked == []


def test_another_series_never_shows_the_picture_of_the_one_before(
    shelf: Shelf, bars: Book, window: Viewer
) -> None:
    other = shelf.add(Barred(9))
    window.open(bars)
    window.until_shown(0)
    window.witness(TAG)
    for book, tag in ((other, 9), (bars, TAG), (other, 9)):
        # The cover lies over the canvas from the first moment, so the tag may change at once.
        window.page.evaluate(
            "([hash, tag]) => { location.hash = hash;"
            " addEventListener('hashchange', () => { window.__witness.seen.tag = tag },"
            " { once: true }) }",
            [f"#/studies/{book.study}/series/{book.series}", tag],
        )
        window.until("s.imageId() === x", f"vdcm:{book.instances[0]}")
        window.page.keyboard.press("PageDown")
        window.until_shown(10)
    assert window.told()["wrong"] == []


def test_pictures_take_no_more_memory_than_the_reader_allows(
    served: Proxy, bars: Book, viewer: OpenViewer, shelf: Shelf
) -> None:
    window = viewer(served.url)
    window.page.add_init_script("localStorage.setItem('pacs-preference:pictures', '1')")
    window.open(bars)
    window.until_shown(0)
    for drawn in window.walk([*range(24), *range(23, -1, -3)]):
        assert is_drawn_right(shelf, drawn)
        told = window.page.evaluate("window.__pacsProxy.memory()")
        assert 0 < told["held"] <= told["limit"] == 1 << 20
    assert window.errors == []
