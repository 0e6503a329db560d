"""Without a graphics card, and without its software stand-in: slower, and just as right."""

import cmath
import math

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import TAG
from tests.e2e.shelf import Book, Shelf, is_drawn_right
from tests.e2e.viewer import Viewer
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

FRAMES = """count => new Promise(resolve => {
  const next = () => (count -= 1) < 0 ? resolve() : requestAnimationFrame(next);
  next();
})"""


# Greys of the lens and of the picture beside the pointer, by pairs.
MAGNIFIED = """([x, y]) => {
  const lens = document.querySelector('canvas.lens');
  const view = document.querySelector('.cornerstone-canvas');
  const box = view.getBoundingClientRect();
  const grey = (canvas, across, down) =>
    canvas.getContext('2d').getImageData(Math.round(across), Math.round(down), 1, 1).data[0];
  const [large, small] = [lens.width / 250, view.width / box.width];
  return Array.from({ length: 25 }, (_, at) => 3 * (at - 12)).map(away => [
    grey(lens, (125 + 3 * away) * large, 125 * large),
    grey(view, (x + away - box.left) * small, (y - box.top) * small),
  ]);
}"""


def assert_magnified(window: Viewer) -> None:
    """Where bright meets dark, the lens shows what the picture shows, three times as large."""
    x, y = window.page.evaluate("() => window.__pacsProxy.placed(48, 90)")
    window.page.keyboard.press("m")
    window.page.mouse.move(x + 4, y)
    window.page.mouse.down()
    window.page.mouse.move(x, y, steps=2)
    lens = window.page.locator("canvas.lens")
    lens.wait_for()
    window.picture("cpu-magnifier")
    # The lens follows the pointer a frame later.
    window.until_true(lambda: are_magnified(window.page.evaluate(MAGNIFIED, [x, y])))
    window.page.mouse.up()
    lens.wait_for(state="detached")


def are_magnified(pairs: list[tuple[int, int]]) -> bool:
    """The same greys, dark ones and bright ones; an edge is seen a fraction of a pixel beside."""
    alike = [abs(large - small) <= 8 for large, small in pairs]
    beside = [small for _, small in pairs]
    return alike.count(False) <= 3 and max(beside) - min(beside) > 60


def test_without_3d_every_slice_is_drawn_from_the_stored_values(
    flat: Browser, served: Proxy, shelf: Shelf, bars: Book
) -> None:
    window = Viewer(flat, served.url, 900).open(bars)
    try:
        window.until_shown(0)
        window.witness(TAG)
        drawn = window.walk(range(24))
        assert [is_drawn_right(shelf, picture) for picture in drawn] == [True] * 24
        told = window.told()
        assert told["wrong"] == []
        assert told["indexes"] == list(range(24))
        window.picture("cpu")
        assert_magnified(window)
    finally:
        window.close()


def test_a_window_made_larger_or_smaller_never_blinks(
    flat: Browser, served: Proxy, bars: Book
) -> None:
    """A canvas of another size is emptied before it is drawn anew: no frame may show that."""
    window = Viewer(flat, served.url, 900).open(bars)
    try:
        window.until_shown(0)
        window.walk([5])
        window.witness(TAG)
        window.until_witnessed(5)
        for width, height in ((900, 500), (760, 640), (1100, 640), (900, 600)) * 3:
            window.page.set_viewport_size({"width": width, "height": height})
            window.page.evaluate(FRAMES, 3)
        told = window.told()
        assert told["wrong"] == []
        assert told["uncovered"] >= 36
    finally:
        window.close()


def turned_by_hand(
    window: Viewer, middle: tuple[float, float], radius: float, degrees: int
) -> float:
    """By how many degrees, clockwise, the picture follows a mouse that goes so many of them."""
    before = direction(window)
    window.page.keyboard.press("u")
    window.page.mouse.move(middle[0] + radius, middle[1])
    window.page.mouse.down()
    for step in range(3, degrees + 1, 3):
        there = radius * cmath.exp(1j * math.radians(step))
        window.page.mouse.move(middle[0] + there.real, middle[1] + there.imag)
    window.page.mouse.up()
    window.page.evaluate(FRAMES, 2)
    return math.degrees(cmath.phase(direction(window) / before))


def direction(window: Viewer) -> complex:
    """Of the picture's rows on the screen."""
    (left, top), (right, bottom) = (
        window.page.evaluate("p => window.__pacsProxy.placed(...p)", [column, 90])
        for column in (10, 180)
    )
    return complex(right - left, bottom - top)


def test_on_a_screen_scaled_by_half_a_length_is_the_pictures_own_and_a_turn_the_hands(
    flat: Browser, served: Proxy, bars: Book
) -> None:
    """The picture is square, 192 mm wide, and as high as the canvas."""
    window = Viewer(flat, served.url, 900, scale=1.5).open(bars)
    try:
        window.until_shown(0)
        box = window.page.locator(".canvas canvas").bounding_box()
        assert box is not None
        side, middle = box["height"], box["x"] + box["width"] / 2
        y = box["y"] + side / 2
        window.page.keyboard.press("h")
        assert turned_by_hand(window, (middle, y), 150, 30) == pytest.approx(30, abs=3)
        window.page.keyboard.press("r")
        window.page.keyboard.press("l")
        window.page.mouse.move(middle - side / 4, y)
        window.page.mouse.down()
        window.page.mouse.move(middle + side / 4, y, steps=4)
        window.page.mouse.up()
        window.until("s.marks().length === 1")
        (length,) = window.page.evaluate("() => window.__pacsProxy.marks()[0].reading.numbers")
        assert length == pytest.approx(192 / 2, abs=0.5)
        ends = window.page.evaluate("() => window.__pacsProxy.marks()[0].figure.points")
        places = [window.page.evaluate("p => window.__pacsProxy.placed(...p)", end) for end in ends]
        assert [x for x, _ in places] == pytest.approx(
            [middle - side / 4, middle + side / 4], abs=1.5
        )
    finally:
        window.close()
