"""Every tool, driven by real mouse events; its numbers are numpy's on the same pixels."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, expect
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.e2e.shelf import Book, Shelf
from tests.e2e.textured import Textured
from tests.e2e.viewer import Viewer
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

Point = tuple[float, float]
Button = Literal["left", "middle", "right"]


@dataclass
class Desk:
    """A viewer on one slice whose every pixel is another, and whose pixels are not square."""

    window: Viewer
    slices: Textured
    pixels: NDArray[np.float64]

    def choose(self, key: str) -> None:
        self.window.page.keyboard.press(key)

    def drag(self, *points: Point, button: Button = "left") -> None:
        """Down on the first pixel, along the others, up on the last."""
        mouse = self.window.page.mouse
        screen = [self.placed(point) for point in points]
        mouse.move(*screen[0])
        mouse.down(button=button)
        for place in screen[1:]:
            mouse.move(*place, steps=6)
        mouse.up(button=button)

    def click(self, point: Point) -> None:
        """Move there and press, as a hand does: the library asks for a moment between."""
        mouse = self.window.page.mouse
        mouse.move(*self.placed(point), steps=4)
        mouse.down()
        self.window.page.evaluate("() => new Promise((done) => setTimeout(done, 60))")
        mouse.up()

    def placed(self, point: Point) -> Point:
        x, y = self.window.page.evaluate("p => window.__pacsProxy.placed(...p)", list(point))
        return (x, y)

    def marks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            self.window.page.evaluate("() => JSON.stringify(window.__pacsProxy.marks())")
        )
        return found

    def drawn(self, kind: str) -> dict[str, Any]:
        """The one figure of that kind, once it is finished."""
        self.window.until("s.marks().some((m) => m.figure.kind === x)", kind)
        (mark,) = [mark for mark in self.marks() if mark["figure"]["kind"] == kind]
        return mark

    def settle(self) -> None:
        """Two frames: what the mouse did is drawn, and can be undone."""
        self.window.page.evaluate(
            "() => new Promise((done) =>"
            " requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
        )

    def clear(self) -> None:
        while self.marks():
            self.window.page.keyboard.press("Control+z")
            self.settle()


@pytest.fixture(scope="module")
def desk(browser: Browser, served: Proxy, shelf: Shelf) -> Iterator[Desk]:
    slices = Textured()
    book: Book = shelf.add(slices)
    window = Viewer(browser, served.url).open(book)
    try:
        window.until_shown(0)
        pixels = shelf.pixels(f"vdcm:{book.instances[0]}")
        yield Desk(window, slices, pixels)
        assert window.errors == []
    finally:
        window.close()


@pytest.fixture(autouse=True)
def cleared(desk: Desk) -> Iterator[None]:
    yield
    desk.window.page.keyboard.press("w")
    desk.clear()
    desk.window.page.keyboard.press("r")
    desk.settle()


def points_of(mark: dict[str, Any]) -> NDArray[np.float64]:
    return np.array(mark["figure"]["points"], dtype=np.float64)


def near(found: NDArray[np.float64], wanted: list[Point]) -> bool:
    """Within the half pixel that a mouse can be off."""
    return bool(np.abs(found - np.array(wanted)).max() < 0.5)


def millimetres(desk: Desk, one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.hypot(*((other - one) * [desk.slices.across, desk.slices.down])))


def centres(desk: Desk) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows, columns = np.mgrid[: desk.slices.rows, : desk.slices.columns].astype(np.float64)
    return columns, rows


def assert_statistics(reading: dict[str, Any], values: NDArray[np.float64]) -> None:
    found = reading["statistics"]
    assert found["count"] == values.size > 50
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-9)
    assert found["deviation"] == pytest.approx(values.std(), rel=1e-9)
    assert (found["min"], found["max"]) == (values.min(), values.max())
    assert reading["measure"]["unit"] == "HU"


def inside(desk: Desk, corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Even-odd rule, on the centres of pixels."""
    columns, rows = centres(desk)
    found = np.zeros(columns.shape, dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, 1, axis=0), strict=True):
        if ay != by:
            crosses = (ay > rows) != (by > rows)
            found ^= crosses & (columns < (bx - ax) * (rows - ay) / (by - ay) + ax)
    return found


def test_a_length_is_in_millimetres_of_pixels_that_are_not_square(desk: Desk) -> None:
    desk.choose("l")
    desk.drag((20, 30), (80, 90))
    mark = desk.drawn("length")
    points = points_of(mark)
    assert near(points, [(20, 30), (80, 90)])
    wanted = millimetres(desk, points[0], points[1])
    assert mark["reading"]["numbers"] == [pytest.approx(wanted, rel=1e-9)]
    assert mark["reading"]["lines"] == [f"{wanted:.1f} mm"]
    desk.settle()
    expect(desk.window.page.locator(".svg-layer text")).to_have_text(f"{wanted:.1f} mm")
    desk.window.picture("tool-length")


def test_an_angle_is_the_patients_not_the_pixels(desk: Desk) -> None:
    desk.choose("a")
    desk.drag((30, 30), (60, 80))
    desk.click((110, 60))
    mark = desk.drawn("angle")
    points = points_of(mark) * [desk.slices.across, desk.slices.down]
    one, other = points[0] - points[1], points[2] - points[1]
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert mark["reading"]["numbers"] == [pytest.approx(np.degrees(np.arccos(cosine)), rel=1e-9)]
    assert near(points_of(mark), [(30, 30), (60, 80), (110, 60)])


def test_a_cobb_angle_lies_between_two_lines(desk: Desk) -> None:
    desk.choose("c")
    desk.drag((20, 20), (90, 30))
    desk.drag((25, 90), (95, 70))
    mark = desk.drawn("cobb")
    points = points_of(mark) * [desk.slices.across, desk.slices.down]
    one, other = points[1] - points[0], points[3] - points[2]
    cosine = abs(one @ other) / np.linalg.norm(one) / np.linalg.norm(other)
    assert mark["reading"]["numbers"] == [pytest.approx(np.degrees(np.arccos(cosine)), rel=1e-9)]
    assert near(points_of(mark), [(20, 20), (90, 30), (25, 90), (95, 70)])


def test_long_and_short_axis(desk: Desk) -> None:
    desk.choose("b")
    desk.drag((20, 40), (110, 60))
    mark = desk.drawn("bidirectional")
    points = points_of(mark)
    axes = [millimetres(desk, points[0], points[1]), millimetres(desk, points[2], points[3])]
    assert mark["reading"]["numbers"] == [pytest.approx(axis) for axis in sorted(axes)[::-1]]
    assert near(points[:2], [(20, 40), (110, 60)])


def test_a_rectangle_counts_the_pixels_whose_centres_it_holds(desk: Desk) -> None:
    desk.choose("q")
    desk.drag((20.5, 30.5), (70.5, 80.5))
    mark = desk.drawn("rectangle")
    corners = points_of(mark)[[0, 1, 3, 2]]
    assert_statistics(mark["reading"], desk.pixels[inside(desk, corners)])
    size = np.ptp(corners, axis=0) * [desk.slices.across, desk.slices.down]
    assert mark["reading"]["area"] == pytest.approx(size.prod(), rel=1e-6)
    assert mark["reading"]["statistics"]["count"] == pytest.approx(2500, abs=110)
    desk.settle()
    desk.window.picture("tool-rectangle")


def test_an_ellipse_counts_the_pixels_whose_centres_it_holds(desk: Desk) -> None:
    desk.choose("e")
    desk.drag((70, 60), (110, 90))
    mark = desk.drawn("ellipse")
    top, bottom, left, right = points_of(mark)
    centre, u, v = (left + right) / 2, (right - left) / 2, (bottom - top) / 2
    columns, rows = centres(desk)
    offsets = np.stack([columns - centre[0], rows - centre[1]], axis=-1)
    held = (offsets @ np.linalg.inv([u, v])) ** 2
    assert_statistics(mark["reading"], desk.pixels[held.sum(axis=-1) <= 1])
    wanted = np.pi * abs(u[0] * v[1] - u[1] * v[0]) * desk.slices.across * desk.slices.down
    assert mark["reading"]["area"] == pytest.approx(wanted, rel=1e-9)


def test_a_freehand_outline_counts_the_pixels_whose_centres_it_holds(desk: Desk) -> None:
    desk.choose("f")
    desk.drag((30, 30), (100, 40), (90, 100), (60, 70), (25, 95), (30, 30))
    mark = desk.drawn("freehand")
    assert_statistics(mark["reading"], desk.pixels[inside(desk, points_of(mark))])


def test_a_probe_tells_the_value_of_the_pixel_under_it(desk: Desk) -> None:
    desk.choose("d")
    desk.click((47, 83))
    mark = desk.drawn("probe")
    assert mark["reading"]["probed"] == [desk.pixels[83, 47]]
    value = f"{desk.pixels[83, 47]:.0f}".replace("-", "−")
    assert mark["reading"]["lines"] == [f"{value} HU", "(47, 83)"]


@pytest.mark.parametrize(("key", "kind"), [("n", "arrow"), ("t", "text")])
def test_what_is_written_lies_on_the_picture(desk: Desk, key: str, kind: str) -> None:
    desk.choose(key)
    if kind == "arrow":
        desk.drag((40, 40), (80, 80))
    else:
        desk.click((60, 60))
    desk.window.page.get_by_role("textbox", name="Text").fill("look here")
    desk.window.page.keyboard.press("Enter")
    desk.window.until("s.marks().some((m) => m.figure.label === 'look here')")
    assert desk.drawn(kind)["figure"]["label"] == "look here"


def test_a_region_sets_the_window_to_what_it_holds(desk: Desk) -> None:
    desk.choose("g")
    desk.drag((20, 20), (60.2, 60.2))
    desk.settle()
    window = desk.window.page.evaluate("window.__pacsProxy.window()")
    held = [desk.pixels[20 + a : 61 - b, 20 + a : 61 - b] for a in (0, 1) for b in (0, 1)]
    lowest, highest = window["centre"] - window["width"] / 2, window["centre"] + window["width"] / 2
    assert (lowest, highest) in [
        pytest.approx((values.min(), values.max()), abs=1.5) for values in held
    ]
    assert desk.marks() == []


def test_the_picture_turns_flips_and_inverts_and_its_letters_follow(desk: Desk) -> None:
    page = desk.window.page

    def letters() -> str:
        sides = ("left", "right", "top", "bottom")
        return " ".join(page.inner_text(f".edge.{side}") for side in sides)

    assert letters() == "R L A P"
    for key, wanted in {"h": "L R A P", "v": "L R P A", ".": "A P L R"}.items():
        page.keyboard.press(key)
        desk.settle()
        assert letters() == wanted
    page.keyboard.press("i")
    assert page.evaluate("window.__pacsProxy.window()")["inverted"]
    page.keyboard.press("r")
    desk.settle()
    assert letters() == "R L A P"
    assert not page.evaluate("window.__pacsProxy.window()")["inverted"]


def test_left_drag_with_the_window_tool_moves_the_window_and_undo_takes_it_back(desk: Desk) -> None:
    page = desk.window.page
    before = page.evaluate("window.__pacsProxy.window()")
    desk.drag((20, 60), (60, 80))
    desk.settle()
    moved = page.evaluate("window.__pacsProxy.window()")
    assert moved["width"] > before["width"]
    page.keyboard.press("Control+z")
    desk.settle()
    assert page.evaluate("window.__pacsProxy.window()") == before
    page.keyboard.press("Control+Shift+Z")
    desk.settle()
    assert page.evaluate("window.__pacsProxy.window()") == moved


@pytest.mark.parametrize(("key", "button"), [("p", "left"), ("w", "middle")])
def test_pan_moves_the_picture_with_the_hand(desk: Desk, key: str, button: Button) -> None:
    desk.choose(key)
    start = desk.placed((60, 60))
    target = desk.placed((80, 70))
    desk.drag((60, 60), (80, 70), button=button)
    desk.settle()
    assert desk.placed((60, 60)) == pytest.approx(target, abs=1.5)
    assert desk.placed((60, 60)) != pytest.approx(start, abs=5)


@pytest.mark.parametrize(("key", "button"), [("z", "left"), ("w", "right")])
def test_zoom_makes_pixels_larger_or_smaller(desk: Desk, key: str, button: Button) -> None:
    desk.choose(key)
    before = np.subtract(desk.placed((90, 60)), desk.placed((30, 60)))[0]
    desk.drag((60, 60), (60, 100), button=button)
    desk.settle()
    after = np.subtract(desk.placed((90, 60)), desk.placed((30, 60)))[0]
    assert abs(after / before - 1) > 0.1


def test_numbers_stay_when_the_picture_is_turned_and_mirrored(desk: Desk) -> None:
    desk.choose("l")
    desk.drag((20, 30), (80, 90))
    before = desk.drawn("length")["reading"]["numbers"]
    for key in ("h", ".", "+"):
        desk.window.page.keyboard.press(key)
        desk.settle()
        assert desk.drawn("length")["reading"]["numbers"] == before
    desk.drag((30, 100), (90, 110))
    second = desk.marks()[-1]
    assert near(points_of(second), [(30, 100), (90, 110)])


def test_a_figure_is_listed_jumped_to_moved_undone_and_deleted(desk: Desk) -> None:
    page = desk.window.page
    desk.choose("l")
    desk.drag((20, 30), (80, 90))
    first = desk.drawn("length")
    desk.choose("w")
    desk.drag((80, 90), (80, 60))
    desk.settle()
    assert desk.drawn("length")["reading"]["numbers"] != first["reading"]["numbers"]
    page.keyboard.press("Control+z")
    desk.settle()
    assert points_of(desk.drawn("length")) == pytest.approx(points_of(first))
    page.keyboard.press("j")
    page.keyboard.press("End")
    desk.window.until("s.wanted() === 2 && s.imageId() !== null")
    entry = page.locator(".mark")
    assert first["reading"]["lines"][0] in entry.inner_text()
    desk.window.picture("tool-list")
    entry.click()
    desk.window.until_shown(0)
    page.get_by_role("button", name="Delete Length").click()
    desk.window.until("s.marks().length === 0")
    page.keyboard.press("j")


def test_the_magnifier_shows_and_leaves(desk: Desk) -> None:
    mouse = desk.window.page.mouse
    desk.choose("m")
    mouse.move(*desk.placed((60, 60)))
    mouse.down()
    mouse.move(*desk.placed((70, 70)), steps=3)
    desk.window.page.locator(".magnifyTool").wait_for()
    desk.window.picture("tool-magnify")
    mouse.up()
    desk.window.page.locator(".magnifyTool").wait_for(state="detached")
    desk.window.until_shown(0)


def test_window_presets_have_their_numbers_and_the_stored_window_comes_back(desk: Desk) -> None:
    for key, wanted in {"1": (400, 40), "3": (2000, 400), "0": (1400, 500)}.items():
        desk.choose(key)
        desk.settle()
        window = desk.window.page.evaluate("window.__pacsProxy.window()")
        assert (window["width"], window["centre"]) == pytest.approx(wanted, abs=1)


def test_the_picture_turns_freely_with_the_hand(desk: Desk) -> None:
    box = desk.window.page.locator(".canvas").first.bounding_box()
    assert box is not None
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    before = np.subtract(desk.placed((90, 60)), desk.placed((30, 60)))
    desk.choose("u")
    mouse = desk.window.page.mouse
    mouse.move(middle[0] + 150, middle[1])
    mouse.down()
    for degrees in range(3, 31, 3):
        angle = np.radians(degrees)
        mouse.move(*(middle + 150 * np.array([np.cos(angle), np.sin(angle)])))
    mouse.up()
    desk.settle()
    after = np.subtract(desk.placed((90, 60)), desk.placed((30, 60)))
    assert np.hypot(*after) == pytest.approx(np.hypot(*before), rel=1e-3)
    turned = np.degrees(np.arctan2(*after[::-1]) - np.arctan2(*before[::-1]))
    assert turned == pytest.approx(30, abs=3)


def test_the_scale_bar_is_as_long_as_it_says(desk: Desk) -> None:
    bar = desk.window.page.locator(".scale-bar").first
    long = float(bar.evaluate("node => parseFloat(node.style.getPropertyValue('--length'))"))
    number, unit = bar.inner_text().split()
    wanted = float(number) * {"cm": 10, "mm": 1}[unit]
    rows = np.hypot(*np.subtract(desk.placed((0, 100)), desk.placed((0, 0)))) / 100
    assert long * desk.slices.down / rows == pytest.approx(wanted, rel=1e-3)


def test_cine_stays_between_the_slices_it_was_told_at_the_rate_it_was_told(desk: Desk) -> None:
    page = desk.window.page
    for key, index in (("<", 1), (">", 2)):
        desk.window.show(index)
        desk.window.until_shown(index)
        page.keyboard.press(key)
    expect(page.locator(".span")).to_have_text("2–3 ×")
    page.get_by_label("Frames per second").fill("40")
    page.get_by_label("Frames per second").blur()
    page.evaluate(
        "() => { window.__played = []; const look = () => {"
        " const at = window.__pacsProxy?.wanted(); const list = window.__played;"
        " if (list.at(-1) !== at) list.push(at); window.__looking = requestAnimationFrame(look); };"
        " look(); }"
    )
    page.keyboard.press(" ")
    page.wait_for_function("() => window.__played.length > 8")
    page.keyboard.press(" ")
    played = page.evaluate("() => { cancelAnimationFrame(window.__looking); return __played }")
    assert set(played) == {1, 2}
    page.keyboard.press("\\")
    page.keyboard.press("Home")
    desk.window.until_shown(0)
    expect(page.locator(".span")).to_be_hidden()


def test_uptake_is_in_suv_by_body_weight(desk: Desk, shelf: Shelf) -> None:
    tagged = dcmread(io.BytesIO(Textured(tag=9, study=9, count=1, modality="PT")[0]))
    del tagged.RescaleType
    tagged.RescaleIntercept, tagged.RescaleSlope, tagged.Units = 0, 2.5, "BQML"
    tagged.CorrectedImage, tagged.DecayCorrection = ["ATTN", "DECY"], "START"
    tagged.SeriesTime, tagged.PatientWeight = "110000", 70
    drug = Dataset()
    drug.RadiopharmaceuticalStartTime = "100000.00"
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = 4e8, 6588
    tagged.RadiopharmaceuticalInformationSequence = [drug]
    written = io.BytesIO()
    tagged.save_as(written)
    book = shelf.add([written.getvalue()])
    desk.window.go_to(book)
    desk.window.until_shown(0)
    desk.choose("q")
    desk.drag((20.5, 30.5), (70.5, 80.5))
    found = desk.drawn("rectangle")["reading"]
    assert found["measure"]["unit"] == "SUV"
    held = inside(desk, points_of(desk.drawn("rectangle"))[[0, 1, 3, 2]])
    activity = shelf.pixels(f"vdcm:{book.instances[0]}")[held]
    wanted = activity * 70_000 / (4e8 * 2 ** (-3600 / 6588))
    assert found["statistics"]["mean"] == pytest.approx(wanted.mean(), rel=1e-6)
    assert found["statistics"]["deviation"] == pytest.approx(wanted.std(), rel=1e-6)
    assert found["statistics"]["max"] == pytest.approx(wanted.max(), rel=1e-6)
