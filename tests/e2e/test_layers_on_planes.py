"""Masks and contours on the planes of a volume lie where numpy says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pacs_proxy.demo.orthanc import find_executable
from tests.decoding import documents, samples
from tests.decoding.documents import COLUMNS, ORIGIN, ROWS, SPACING, STEP
from tests.e2e.papers import Reader, square
from tests.e2e.planes import even_odd, plane, until_complete
from tests.e2e.reformat import AXES, Plane, Values, Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.e2e.conftest import OpenViewer
    from tests.e2e.shelf import Shelf
    from tests.server import Proxy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.orthanc,
    pytest.mark.skipif(find_executable() is None, reason="run: apt-get install orthanc"),
]

# Whether the picture of a plane has a colour at points in its pixels, or next to them on the screen
# by so much: 1, 0, or -1 of points beyond the window's edge.
PLANE = """([name, colour, points, near]) => {
  const canvas = document.querySelector(`[data-plane=${name}] canvas`);
  const box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width;
  const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return points.map(([column, row]) => {
    const [x, y] = window.__pacsMpr.placed(name, column, row);
    if (x < box.left || x >= box.right || y < box.top || y >= box.bottom) return -1;
    const at = Math.floor((y - box.top) * ratio) * width + Math.floor((x - box.left) * ratio);
    const is = pixel => colour.every((part, k) => Math.abs(part - data[pixel * 4 + k]) < 12);
    const steps = Array.from({ length: 2 * near + 1 }, (_, step) => step - near);
    return Number(steps.some(down => steps.some(right => is(at + down * width + right))));
  });
}"""
RED, GREEN, CYAN = (255, 0, 0), (0, 255, 0), (0, 255, 255)


def coloured(
    reader: Reader,
    shown: Plane,
    colour: Sequence[int],
    points: Sequence[Sequence[float]],
    near: int = 0,
) -> NDArray[np.int64]:
    told = reader.page.evaluate(PLANE, [shown.name, colour, [*map(list, points)], near])
    return np.array(told)


def until_coloured(
    reader: Reader, shown: Plane, colour: Sequence[int], expected: NDArray[np.bool_]
) -> None:
    """At the centre of each pixel, once it is drawn."""
    centres = [(column, row) for row in range(shown.height) for column in range(shown.width)]

    def is_right() -> bool:
        found = coloured(reader, shown, colour, centres).reshape(shown.height, shown.width)
        is_seen = found >= 0
        return bool(is_seen.mean() > 0.7 and (found[is_seen] == expected[is_seen]).all())

    reader.viewer.until_true(is_right)


def nearest(masks: dict[int, samples.Pixels], places: Values) -> NDArray[np.bool_]:
    """Of the nearest slice in reach the nearest pixel."""
    across, down, depth = np.moveaxis(places - ORIGIN, -1, 0)
    i = np.floor(across / SPACING[1] + 0.5 + 1e-6).astype(int)
    j = np.floor(down / SPACING[0] + 0.5 + 1e-6).astype(int)
    inside = (i >= 0) & (i < COLUMNS) & (j >= 0) & (j < ROWS)
    i, j = np.where(inside, i, 0), np.where(inside, j, 0)
    found, least = np.zeros(i.shape, bool), np.full(i.shape, 0.51 * STEP)
    for number in sorted(masks):
        away = np.abs(depth - STEP * number)
        is_nearer = away < least + 1e-6
        found = np.where(is_nearer, masks[number][j, i] > 0, found)
        least = np.where(is_nearer, away, least)
    return np.asarray(inside & found)


def edge(held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is held and has a neighbour that is not."""
    around = np.pad(held, 1)
    inner = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    found: NDArray[np.bool_] = held & ~inner
    return found


def enclosed(polygon: list[tuple[float, float]]) -> samples.Pixels:
    """Pixels whose centres an outline in columns and rows holds."""
    found = even_odd(np.array(polygon), np.zeros((ROWS, COLUMNS)))
    return found.astype(np.uint8)


def test_masks_and_contours_lie_on_planes_where_numpy_says(
    viewer: OpenViewer, served: Proxy, shelf: Shelf
) -> None:
    reader = Reader(viewer(served.url), shelf)
    noise = np.random.default_rng(12).integers(0, 2, (ROWS, COLUMNS)).astype(np.uint8)
    one, two = {1: noise, 2: square(5, 6, 40, 20), 4: noise}, {2: square(20, 3, 9, 30)}
    masks = {(1, n): mask for n, mask in one.items()} | {(2, n): m for n, m in two.items()}
    outlines = {
        n: [(10.3, 5.2), (44.6 - 3 * n, 8.1), (40.4, 30.7 + n), (26.2, 20.6), (12.1, 33.3)]
        for n in (1, 2, 3)
    }
    drawing = documents.structures({"Heart": [at_height(*outline) for outline in outlines.items()]})
    elsewhere = documents.segmentation(masks, series=46, frame=f"{documents.ROOT}3")
    drawing.SeriesNumber, drawing.SeriesInstanceUID = 51, f"{documents.ROOT}51"
    drawing.SOPInstanceUID = f"{documents.ROOT}51.1"
    files = [documents.written(one) for one in documents.ct()]
    reader.add(*files)
    volume = Volume.of(files)
    reader.add(drawing)
    reader.add(elsewhere)
    window = reader.viewer
    reader.on_images(reader.add(documents.segmentation(masks, series=45)))
    window.page.keyboard.press("F8")
    until_complete(window)
    reader.page.get_by_label("Opacity").fill("100")

    def until_masks_lie_right() -> None:
        for name in AXES:
            shown = plane(window, name)
            places = volume.places(shown)
            second = nearest(two, places)
            first = nearest(one, places) & ~second
            assert first.sum() > 20
            until_coloured(reader, shown, GREEN, second)
            until_coloured(reader, shown, RED, first)

    until_masks_lie_right()
    window.picture("planes-masks")
    turn(reader, 25)
    until_masks_lie_right()
    for label in ("Segment 1", "Segment 2"):
        reader.page.get_by_label(label).uncheck()
    reader.page.get_by_role("button", name="Show RTSTRUCT (series 51)").click()
    reader.page.get_by_label("Heart").wait_for()
    until_complete(window)
    held = {n: enclosed(outline) for n, outline in outlines.items()}
    for name in ("coronal", "sagittal"):
        shown = plane(window, name)
        expected = edge(nearest(held, volume.places(shown)))
        assert expected.sum() > 10
        until_coloured(reader, shown, CYAN, expected)
    axial = plane(window, "axial")
    # Its pixels are square, those of the slices twice as high.
    corners = np.array(outlines[axial.index]) * (1, SPACING[0] / SPACING[1])
    ends = np.roll(corners, -1, axis=0)
    along = np.concatenate([corners * 0.5 + ends * 0.5, corners * 0.9 + ends * 0.1]).tolist()
    assert coloured(reader, axial, CYAN, along, 1).all()
    off = [(26.2, 25), (26.2, 60), (50, 20)]
    assert not coloured(reader, axial, CYAN, off, 1).any()
    window.picture("planes-contours")
    assert "frame of reference" not in reader.page.inner_text(".layers-panel")
    reader.page.get_by_role("button", name="Show SEG (series 46)").click()
    words = "4 of 4 are in another frame of reference than the planes and are not drawn."
    reader.page.locator(".layers-panel").get_by_text(words).wait_for()
    until_complete(window)
    assert "not all overlays are drawn" in reader.page.inner_text(".mpr-state")
    coronal = plane(window, "coronal")
    until_coloured(reader, coronal, RED, np.zeros(coronal.values.shape, bool))


def at_height(index: int, outline: list[tuple[float, float]]) -> list[tuple[float, float, float]]:
    """Columns and rows of a slice, in mm."""
    z = ORIGIN[2] + STEP * index
    return [(ORIGIN[0] + SPACING[1] * x, ORIGIN[1] + SPACING[0] * y, z) for x, y in outline]


def turn(reader: Reader, degrees: float) -> None:
    """Coronal and sagittal, by a grip on the axial plane."""
    first, opposite, *_ = np.array(reader.page.evaluate("window.__pacsMpr.grips('axial')"))
    middle, angle = (first + opposite) / 2, np.radians(degrees)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mouse = reader.page.mouse
    mouse.move(*first)
    mouse.down()
    mouse.move(*(middle + spin @ (first - middle)), steps=8)
    mouse.up()
    until_complete(reader.viewer)
