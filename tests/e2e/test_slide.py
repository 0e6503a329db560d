"""A slide in the reader: every pixel is the TIFF's, and what is not proven is named, not drawn."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.pixels import pixel_array  # type: ignore[attr-defined]

from pacs_proxy.demo.orthanc import find_executable
from pacs_proxy.ingest.tiff import Bounds, Rules, Target, TiffConverter
from tests.decoding.test_corpus import CORPUS
from tests.e2e.conftest import OpenViewer
from tests.e2e.shelf import Book, Shelf
from tests.e2e.viewer import Viewer
from tests.ingest.tiff import samples
from tests.ingest.tiff.samples import Kind, Pixels
from tests.server import Proxy

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = [
    pytest.mark.browser,
    pytest.mark.orthanc,
    pytest.mark.skipif(find_executable() is None, reason="run: apt-get install orthanc"),
]

SIDE = 64
WIDTH, HEIGHT = 2600, 1900
Convert = Callable[[Kind], Book]
SCANNED = {**samples.TILES, "resolution": samples.MICROSCOPE, "resolutionunit": "CENTIMETER"}


@pytest.fixture(scope="module")
def convert(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Convert:
    """A TIFF to a stored slide."""

    def made(kind: Kind) -> Book:
        folder = tmp_path_factory.mktemp(kind.name)
        converter = TiffConverter(Rules(Bounds(capture_side=1000)))
        target = Target.of_form({"patient_name": "Slide^Test", "patient_id": kind.name}, "e2e")
        upload = kind.name.encode().hex().zfill(32)
        paths = converter.convert(kind.write(folder), folder, target, upload, 1_790_000_000.0)
        return shelf.add([path.read_bytes() for path in paths if "slide" in path.name])

    return made


@pytest.fixture(scope="module")
def coloured(convert: Convert) -> tuple[Book, Pixels]:
    pixels = samples.colour(WIDTH, HEIGHT)
    return convert(Kind("colour", pixels, SCANNED)), pixels


class SlideWindow:
    """A viewer with a slide open, and its seam `window.__pacsSlide`."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer, self.page = viewer, viewer.page

    def open(self, book: Book) -> SlideWindow:
        self.page.goto(f"{self.viewer.url}/#/studies/{book.study}/series/{book.series}")
        self.until("s.cover() === 'off' && s.settled()")
        return self

    def until(self, condition: str, seconds: float = 60.0) -> None:
        self.page.wait_for_function(
            f"() => {{ const s = window.__pacsSlide; return s && ({condition}); }}",
            timeout=seconds * 1000,
        )

    def ask(self, expression: str) -> Any:
        return self.page.evaluate(
            f"(() => {{ const s = window.__pacsSlide; return {expression}; }})()"
        )

    def look(self, x: float, y: float, scale: float) -> None:
        """The point (x, y) of the slide into the pixel right and below of the middle."""
        size = self.ask("s.size()")
        half = (size["width"] % 2 / 2, size["height"] % 2 / 2)
        self.ask(f"s.look({x + half[0]}, {y + half[1]}, {scale})")
        self.until("s.settled()")

    def seen(self) -> Pixels:
        """The square right and below of the middle of the canvas."""
        size = self.ask("s.size()")
        left, top = size["width"] // 2, size["height"] // 2
        values = self.ask(f"s.colours({left}, {top}, {SIDE})")
        return np.array(values, np.uint8).reshape(SIDE, SIDE, 3)

    def until_seen(self, expected: Pixels) -> None:
        """Exactly these: what has come is drawn a frame later."""
        self.viewer.until_true(lambda: np.array_equal(self.seen(), expected))


@pytest.fixture
def window(served: Proxy, viewer: OpenViewer) -> Iterator[SlideWindow]:
    opened = SlideWindow(viewer(served.url, 900))
    yield opened
    assert opened.viewer.errors == []


def test_every_level_is_drawn_to_the_last_pixel(
    window: SlideWindow, coloured: tuple[Book, Pixels]
) -> None:
    book, pixels = coloured
    window.open(book)
    window.viewer.picture("slide")
    assert window.ask("s.levels()") == [
        {"width": WIDTH, "height": HEIGHT},
        {"width": WIDTH // 2, "height": HEIGHT // 2},
        {"width": WIDTH // 4, "height": HEIGHT // 4},
    ]
    for x, y in ((0, 0), (490, 500), (1234, 1000), (WIDTH - SIDE, HEIGHT - SIDE)):
        window.look(x, y, 1.0)
        assert window.ask("s.level()") == 0
        window.until_seen(pixels[y : y + SIDE, x : x + SIDE])
    window.viewer.picture("slide-close")
    blocks = pixels.reshape(HEIGHT // 2, 2, WIDTH // 2, 2, 3).sum((1, 3), np.uint32)
    half = ((blocks + 2) // 4).astype(np.uint8)
    window.look(800, 600, 0.5)
    assert window.ask("s.level()") == 1
    window.until_seen(half[300 : 300 + SIDE, 400 : 400 + SIDE])


def test_sixteen_bit_are_drawn_in_their_window(window: SlideWindow, convert: Convert) -> None:
    pixels = samples.grey(16, 1500, 1100)
    window.open(convert(Kind("grey", pixels, samples.STRIPS)))
    shown = window.page.inner_text(".bottom-right")
    assert "Pixel size unknown" in shown
    width, centre = (int(part) for part in shown.split("W ")[1].split()[0:3:2])
    window.look(700, 300, 1.0)
    patch = pixels[300 : 300 + SIDE, 700 : 700 + SIDE].astype(float)
    expected = np.clip((patch - (centre - width / 2)) / (width - 1) * 255, 0, 255)
    window.viewer.until_true(lambda: np.abs(window.seen()[..., 0] - expected).max() <= 1)
    before = window.seen()
    window.page.keyboard.press("i")
    window.until_seen(255 - before)


def matrix(data: bytes) -> Pixels:
    """The whole level (PS3.3 C.7.6.16.2.2.1: tiles row by row), decoded by others."""
    dataset = dcmread(io.BytesIO(data))
    tiles = pixel_array(dataset)
    tiles = tiles.reshape(-1, dataset.Rows, dataset.Columns, int(dataset.SamplesPerPixel))
    across = -(-dataset.TotalPixelMatrixColumns // dataset.Columns)
    rows = [np.concatenate(tiles[at : at + across], 1) for at in range(0, len(tiles), across)]
    whole: Pixels = np.concatenate(rows)
    return whole[: dataset.TotalPixelMatrixRows, : dataset.TotalPixelMatrixColumns]


@pytest.mark.skipif(not (CORPUS / "wsi").exists(), reason="no corpus on this machine")
def test_every_level_of_a_slide_of_others_has_its_pixels_in_their_place(
    window: SlideWindow, shelf: Shelf
) -> None:
    files = [path.read_bytes() for path in sorted((CORPUS / "wsi" / "cmu1_small").iterdir())]
    # Small enough for the smallest level to be looked at as large as it is.
    window.page.set_viewport_size({"width": 560, "height": 340})
    levels = sorted(map(matrix, files), key=lambda level: -level.shape[1])
    window.open(shelf.add(files))
    assert "µm" in window.page.inner_text(".slide-bar")
    assert [(one["height"], one["width"]) for one in window.ask("s.levels()")] == [
        level.shape[:2] for level in levels
    ]
    for number, level in enumerate(levels):
        # A level's sides are rounded: the smaller share is the one that is sharp enough for it.
        shares = [whole / part for whole, part in zip(levels[0].shape, level.shape, strict=True)]
        assert_in_place(window, max(shares), number, level)


def assert_in_place(window: SlideWindow, per_pixel: float, number: int, level: Pixels) -> None:
    """A square of the level is where it must be, and would not be a pixel beside."""
    side = min(SIDE, min(level.shape[:2]) // 2)
    places = product(*(range(1, extent - side, side) for extent in level.shape[:2]))
    # Where most is to be seen: on empty glass every place is like the one beside it.
    top, left = max(places, key=lambda at: level[at[0] :, at[1] :][:side, :side].std())
    window.look(left * per_pixel, top * per_pixel, 1 / per_pixel)
    assert window.ask("s.level()") == number

    def away(down: int, right: int) -> float:
        patch = level[top + down :, left + right :][:side, :side]
        seen = window.seen()[:side, :side].astype(int)
        return float(np.abs(seen - patch).mean())

    allowed = 1.0 if number == 0 else 3.0
    # Its tiles have come; the frame that shows them may be a moment later.
    window.viewer.until_true(lambda: away(0, 0) <= allowed)
    beside = min(away(*step) for step in ((0, 1), (1, 0), (0, -1), (-1, 0)))
    assert beside > away(0, 0), number


def test_a_damaged_tile_is_named_never_drawn_and_comes_by_itself(
    window: SlideWindow, coloured: tuple[Book, Pixels]
) -> None:
    book, pixels = coloured
    window.open(book)

    def flip(route: Route) -> None:
        answer = route.fetch()
        body = bytearray(answer.body())
        body[len(body) // 2] ^= 1
        route.fulfill(response=answer, body=bytes(body))

    window.page.route("**/frames/1", flip)
    window.look(100, 100, 1.0)
    # Tried again now and then: each time it is named anew.
    window.until("s.settled() && String(s.failures()) === '1 Image failed its check'")
    window.viewer.until_words(".slide-note", "1 tile could not be loaded")
    window.viewer.picture("slide-damaged")
    window.viewer.until_true(lambda: is_named_only(window.seen()))
    window.page.unroute("**/frames/1")
    window.until("s.failures().length === 0 && s.settled()")
    window.until_seen(pixels[100 : 100 + SIDE, 100 : 100 + SIDE])


def is_named_only(drawn: Pixels) -> bool:
    """The reddish place of a tile that failed, and nothing below it."""
    return bool((drawn[..., 0] > drawn[..., 1]).all())


def test_wheel_keys_and_drag_move_the_slide(
    window: SlideWindow, coloured: tuple[Book, Pixels]
) -> None:
    window.open(coloured[0])
    scale = window.ask("s.scale()")
    window.page.mouse.move(500, 300)
    window.page.mouse.wheel(0, -400)
    window.until(f"s.scale() > {scale} * 2")
    window.until("s.settled()")
    before = window.seen()
    window.page.keyboard.press("ArrowRight")
    window.viewer.until_true(lambda: not np.array_equal(window.seen(), before))
    window.page.mouse.down()
    window.page.mouse.move(560, 340, steps=4)
    window.page.mouse.up()
    window.page.keyboard.press("r")
    window.until(f"Math.abs(s.scale() - {scale}) < 1e-9 && s.settled()")


def test_the_small_picture_beside_a_slide_is_of_all_of_it(
    window: SlideWindow, coloured: tuple[Book, Pixels]
) -> None:
    book, _ = coloured
    window.open(book)
    small = window.page.locator(f"[data-series='{book.series}'] .tile-picture img")
    small.wait_for(state="attached")
    # In the shape of the smallest level, which is two tiles wide: neither square nor padded.
    assert small.evaluate("one => [one.naturalWidth, one.naturalHeight]") == [160, 117]
    window.viewer.picture("slide-strip")


def test_other_series_open_as_before_after_a_slide(
    window: SlideWindow, coloured: tuple[Book, Pixels], bars: Book
) -> None:
    window.open(coloured[0])
    window.viewer.go_to(bars)
    window.viewer.until_shown(0)
    assert window.page.evaluate("window.__pacsSlide === undefined")
    assert window.page.locator(".slide").count() == 0
