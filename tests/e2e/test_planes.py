"""Planes turned, measured on, and made of the frames of one file: by the mouse, against numpy."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from pacs_proxy.demo.phantom import Label, Patient, Study, mr_series
from tests.e2e.enhanced import Enhanced
from tests.e2e.planes import (
    assert_equal,
    even_odd,
    plane,
    reconstruct,
    until,
    until_complete,
    volume_of,
)
from tests.e2e.reformat import AXES, Values, Volume, turned
from tests.e2e.shelf import Book, Shelf
from tests.e2e.textured import Textured
from tests.e2e.viewer import Viewer
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

STUDY = Study(Patient("Planes^Turned"), "Turned planes", "MPR-2", "20260921")
MR = mr_series(24, 80, 80, label=Label(STUDY, 1))
FRAMES = Textured(tag=3, study=41, count=14, rows=50, columns=60, step=(0, 0.5, 3), patient="MPR")
Point = tuple[float, float]


@pytest.fixture(scope="module")
def mr(shelf: Shelf) -> Book:
    return shelf.add(MR)


@pytest.fixture(scope="module")
def desk(browser: Browser, served: Proxy) -> Iterator[Viewer]:
    with closing(Viewer(browser, served.url, 1440)) as window:
        yield window


@pytest.fixture
def window(desk: Viewer) -> Iterator[Viewer]:
    yield desk.again()
    assert desk.errors == []


def drag(window: Viewer, *points: Point) -> None:
    """Down on the first, along the others, up on the last; in window coordinates."""
    mouse = window.page.mouse
    mouse.move(*points[0])
    mouse.down()
    for point in points[1:]:
        mouse.move(*point, steps=8)
    mouse.up()


def on(window: Viewer, name: str, *pixels: Point) -> list[Point]:
    """Window coordinates of pixels of a plane."""
    place = "([name, x, y]) => window.__pacsMpr.placed(name, x, y)"
    return [tuple(window.page.evaluate(place, [name, *pixel])) for pixel in pixels]


def figures(window: Viewer, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = window.page.evaluate(
        "name => window.__pacsMpr.figures(name)", name
    )
    return found


def drawn(window: Viewer, key: str, *pixels: Point) -> dict[str, Any]:
    """The figure that the tool of this key draws through pixels of the coronal plane."""
    before = len(figures(window, "coronal"))
    window.page.keyboard.press(key)
    drag(window, *on(window, "coronal", *pixels))
    until(window, "s.figures('coronal').length === x", before + 1)
    return figures(window, "coronal")[-1]


def test_planes_turn_with_the_hand_and_hold_numpys_values(
    window: Viewer, shelf: Shelf, mr: Book
) -> None:
    volume = volume_of(shelf, mr)
    reconstruct(window, mr)
    meeting = window.page.evaluate("window.__pacsMpr.meeting()")
    first, *others = (
        np.array(at) for at in window.page.evaluate("window.__pacsMpr.grips('axial')")
    )
    middle = (first + others[0]) / 2
    angle = np.radians(25)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    drag(window, tuple(first), tuple(middle + spin @ (first - middle)))
    until_complete(window)
    assert window.page.evaluate("window.__pacsMpr.meeting()") == pytest.approx(meeting, abs=1e-6)
    straight = plane(window, "axial")
    assert_equal(straight, volume.cut(straight))
    for name in ("coronal", "sagittal"):
        shown = plane(window, name)
        expected = turned(AXES[name], np.array([0, 0, 1.0]), 25)
        np.testing.assert_allclose(shown.axes, expected, atol=0.01)
        depth = shown.corner[2] + shown.index * volume.step(shown.axes[2])
        assert depth == pytest.approx(shown.axes[2] @ np.array(meeting), abs=1e-6)
        assert np.isfinite(shown.values).mean() > 0.2
        assert_equal(shown, volume.cut(shown))
    words = window.page.locator("[data-plane=coronal] .bottom-left")
    expect(words).to_contain_text("from coronal")
    window.picture("mpr-turned")
    window.page.get_by_label("Projection").select_option("max")
    until_complete(window)
    slab = plane(window, "sagittal")
    assert_equal(slab, volume.cut(slab, "max", 10))
    window.page.keyboard.press("r")
    until_complete(window)
    for name in AXES:
        np.testing.assert_allclose(plane(window, name).axes, AXES[name], atol=1e-12)


def leave_and_return(window: Viewer) -> None:
    """From the planes to the slices and back."""
    window.page.keyboard.press("Escape")
    window.page.locator(".mpr").wait_for(state="detached")
    window.until_shown(0)
    window.page.keyboard.press("F8")
    until_complete(window)


def test_figures_on_a_plane_have_numpys_numbers(window: Viewer, shelf: Shelf, mr: Book) -> None:
    volume = volume_of(shelf, mr)
    reconstruct(window, mr)
    shown = plane(window, "coronal")
    values = volume.cut(shown)
    length = drawn(window, "l", (30, 30), (60, 50))
    (one, other) = np.array(length["figure"]["points"])
    assert np.abs(np.array([one, other]) - [(30, 30), (60, 50)]).max() < 0.6
    assert length["numbers"] == [pytest.approx(np.hypot(*(other - one)) * shown.pixel, rel=1e-9)]
    box = drawn(window, "q", (35.5, 30.5), (60.5, 50.5))
    corners = np.array(box["figure"]["points"])
    assert_statistics(box, values[even_odd(corners[[0, 1, 3, 2]], values)])
    area = np.ptp(corners, axis=0).prod() * shown.pixel**2
    assert box["area"] == pytest.approx(area, rel=1e-9)
    ellipse = drawn(window, "e", (45, 45), (60, 55))
    top, bottom, left, right = np.array(ellipse["figure"]["points"])
    centre, half = (left + right) / 2, np.array([right[0] - left[0], bottom[1] - top[1]]) / 2
    rows, columns = np.mgrid[: values.shape[0], : values.shape[1]].astype(np.float64)
    away = [(columns - centre[0]) / half[0], (rows - centre[1]) / half[1]]
    assert_statistics(ellipse, values[np.hypot(*away) <= 1])
    probe = drawn(window, "d", (48, 41))
    x, y = np.rint(probe["figure"]["points"][0]).astype(int)
    assert (x, y) == (48, 41)
    assert probe["probed"] == [pytest.approx(values[y, x], abs=0.01)]
    outline = drawn(window, "f", (30, 30), (60, 32), (50, 48), (30, 30))
    polygon = np.array(outline["figure"]["points"])
    assert_statistics(outline, values[even_odd(polygon, values)])
    drawn(window, "b", (30, 40), (60, 48))
    drag(window, *on(window, "coronal", (44, 52), (48, 34)))
    until(window, "s.figures('coronal').at(-1).lines.length === 1")
    axes = figures(window, "coronal")[-1]
    a, b, c, d = np.array(axes["figure"]["points"])
    assert (b - a) @ (d - c) == pytest.approx(0, abs=1e-6)
    sizes = [np.hypot(*(b - a)) * shown.pixel, np.hypot(*(d - c)) * shown.pixel]
    assert axes["numbers"] == pytest.approx(sizes, rel=1e-9)
    window.picture("mpr-figures")
    bar = window.page.locator(".mpr-state")
    expect(bar).to_contain_text("are not saved")
    before = figures(window, "coronal")
    leave_and_return(window)
    assert figures(window, "coronal") == before
    expect(bar).to_contain_text("6 figures, not saved")
    with window.page.expect_download() as saved:
        window.page.keyboard.press("F4")
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")
    count = len(figures(window, "coronal"))
    window.page.mouse.wheel(0, 120)
    until(window, "s.settled() && s.figures('coronal').length === 0")
    window.page.mouse.wheel(0, -120)
    until(window, "s.settled() && s.figures('coronal').length === x", count)
    window.page.keyboard.press("Control+z")
    until(window, "s.figures('coronal').length === x", count - 1)
    window.page.mouse.move(*on(window, "coronal", (48, 41))[0])
    window.page.keyboard.press("Delete")
    until(window, "!s.figures('coronal').some((one) => one.figure.kind === 'probe')")
    window.page.keyboard.press("t")
    drag(window, *on(window, "coronal", (30, 30), (60, 50)))
    expect(bar).to_contain_text("works on the slices only")


def test_an_angle_on_a_plane_is_numpys(window: Viewer, mr: Book) -> None:
    reconstruct(window, mr)
    window.page.keyboard.press("a")
    drag(window, *on(window, "sagittal", (30, 30), (45, 60)))
    ((x, y),) = on(window, "sagittal", (70, 40))
    window.page.mouse.move(x, y, steps=4)
    window.page.mouse.down()
    window.page.mouse.up()
    until(window, "s.figures('sagittal').some((one) => one.lines.length === 1)")
    (found,) = figures(window, "sagittal")
    one, corner, other = np.array(found["figure"]["points"])
    assert np.abs(np.array([one, corner, other]) - [(30, 30), (45, 60), (70, 40)]).max() < 0.6
    cosine = (one - corner) @ (other - corner)
    cosine /= np.linalg.norm(one - corner) * np.linalg.norm(other - corner)
    assert found["numbers"] == [pytest.approx(np.degrees(np.arccos(cosine)), rel=1e-6)]


def test_frames_of_one_file_become_a_volume_by_their_own_places_and_rescale(
    window: Viewer, shelf: Shelf
) -> None:
    frames = Enhanced(FRAMES)
    book = shelf.add([frames.file()])
    reconstruct(window, book)
    matrix = np.column_stack([(FRAMES.across, 0, 0), (0, FRAMES.down, 0), FRAMES.step])
    volume = Volume(frames.values(), matrix, np.array(FRAMES.origin, float))
    for name in AXES:
        shown = plane(window, name)
        assert np.isfinite(shown.values).mean() > 0.4
        assert_equal(shown, volume.cut(shown))
    bar = window.page.locator(".mpr-state")
    expect(bar).to_contain_text("14 slices, all verified")
    expect(bar).to_contain_text("gantry tilt of 9.5°")
    window.picture("mpr-enhanced")


def test_a_missing_frame_is_told_and_nothing_is_made_of_the_others(
    window: Viewer, shelf: Shelf
) -> None:
    whole = Textured(tag=4, study=41, count=9, patient="MPR")
    book = shelf.add([Enhanced(whole, left_out=(4,)).file()])
    window.open(book).until_shown(0)
    reason = "1 slice is missing: at 12 mm the next lies 8 mm away"
    button = window.page.get_by_role("button", name="MPR")
    expect(button).to_have_attribute("title", re.compile(f"^{reason}"))
    window.page.keyboard.press("F8")
    window.page.locator(".mpr-card").get_by_text(reason).wait_for()
    assert window.page.evaluate("window.__pacsMpr === undefined")


def assert_statistics(figure: dict[str, Any], values: Values) -> None:
    found = figure["statistics"]
    assert found["count"] == values.size > 50
    assert found["mean"] == pytest.approx(values.mean(), abs=0.01)
    assert found["deviation"] == pytest.approx(values.std(), abs=0.01)
    assert (found["min"], found["max"]) == pytest.approx((values.min(), values.max()), abs=0.01)
