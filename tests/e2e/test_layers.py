"""Masks, contours and graphics lie on their slices to the pixel, or are said not to."""

from __future__ import annotations

import numpy as np
import pytest

from pacs_proxy.demo.orthanc import find_executable
from tests.decoding import documents
from tests.decoding.documents import COLUMNS, ORIGIN, ROWS, SPACING, STEP
from tests.e2e.papers import ALL, Reader, square

pytestmark = [
    pytest.mark.browser,
    pytest.mark.orthanc,
    pytest.mark.skipif(find_executable() is None, reason="run: apt-get install orthanc"),
]


def test_masks_lie_on_their_slices_to_the_pixel(reader: Reader) -> None:
    noise = np.random.default_rng(11).integers(0, 2, (ROWS, COLUMNS)).astype(np.uint8)
    masks = {(1, 1): noise, (2, 1): square(3, 4, 9, 5), (1, 3): square(58, 0, 2, 1)}
    reader.add(*documents.ct())
    reader.on_images(reader.add(documents.segmentation(masks)))
    for index in range(5):
        seen = reader.drawn(index, ALL)
        one, two = (masks.get((number, index), square(0, 0, 0, 0)) for number in (1, 2))
        covered = (one | two).ravel().astype(bool)
        assert np.array_equal(seen[:, 3] > 0, covered), index
        only_one = (one & ~two & 1).ravel().astype(bool)
        if only_one.any():
            assert np.allclose(seen[only_one], [255, 0, 0, 128], atol=12)
    # A mask ends where its pixel ends, not where the picture's next begins.
    edges = reader.drawn(3, [(57.56, 0), (57.44, 0), (58, 0.44), (58, 0.56)])
    assert [bool(alpha) for alpha in edges[:, 3]] == [True, False, True, False]
    reader.viewer.picture("segmentation")
    reader.viewer.show(1)
    reader.viewer.until_shown(1)
    reader.page.get_by_label("Segment 1").uncheck()
    green = reader.drawn(1, ALL)
    assert np.array_equal(green[:, 3] > 0, masks[2, 1].ravel().astype(bool))
    assert "lie on no image" not in reader.page.inner_text(".layers-panel")


def test_fractions_are_as_faint_as_they_say_and_a_shifted_mask_is_said_not_drawn(
    reader: Reader,
) -> None:
    reader.add(*documents.ct())
    faint = {(1, 0): square(2, 2, 4, 4, 100), (1, 2): square(2, 2, 4, 4, 200)}
    reader.on_images(reader.add(documents.segmentation(faint, "FRACTIONAL", series=41)))
    half, full = (reader.drawn(index, [(3, 3)])[0][3] for index in (0, 2))
    assert (half, full) == (pytest.approx(64, abs=3), pytest.approx(128, abs=3))
    between = documents.segmentation({(1, 0): square(2, 2, 4, 4)}, series=42, shift=1.0)
    reader.on_images(reader.add(between))
    assert not reader.drawn(0, ALL)[:, 3].any()
    assert "1 of 1 masks lie on no image" in reader.page.inner_text(".layers-panel")


def test_contours_are_drawn_where_their_millimetres_are(reader: Reader) -> None:
    def world(column: float, row: float, index: int) -> tuple[float, float, float]:
        return (
            ORIGIN[0] + SPACING[1] * column,
            ORIGIN[1] + SPACING[0] * row,
            ORIGIN[2] + STEP * index + 0.04,
        )

    corners = [(10, 5), (40, 5), (40, 30), (10, 30)]
    box = [world(column, row, 2) for column, row in corners]
    away = [(x, y, z + 1.4) for x, y, z in box]
    reader.add(*documents.ct())
    reader.on_images(reader.add(documents.structures({"Heart": [box], "Away": [away]})))
    edge = [(10, 17), (40, 17), (25, 5), (25, 30), (10, 5)]
    inside = [(25, 17), (8, 17), (42, 17), (25, 3), (25, 32)]
    seen = reader.drawn(2, [*edge, *inside])
    assert np.allclose(seen[: len(edge)], [0, 255, 255, 255], atol=2)
    assert not seen[len(edge) :].any()
    reader.viewer.picture("contours")
    for index in (1, 3):
        assert not reader.drawn(index, edge)[:, 3].any()
    assert "1 of 2 contours lie on no image" in reader.page.inner_text(".layers-panel")
    reader.drawn(2, edge)
    reader.page.get_by_label("Heart").uncheck()
    reader.viewer.until_true(lambda: not reader.drawn(2, [(10, 17)])[:, 3].any())


def test_masks_lie_right_on_images_whose_rows_run_the_other_way(reader: Reader) -> None:
    """The mask's own rows run from right to left: column c lies at the image's -c."""
    mask = square(4, 6, 10, 3)
    segments = documents.segmentation({(1, 1): mask}, series=43)
    segments.ReferencedSeriesSequence[0].SeriesInstanceUID = f"{documents.ROOT}10"
    last = ORIGIN[0] + SPACING[1] * (COLUMNS - 1)
    shared = segments.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
    place = segments.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    place.ImagePositionPatient = [last, ORIGIN[1], ORIGIN[2] + STEP]
    reader.add(*documents.ct())
    reader.on_images(reader.add(segments))
    seen = reader.drawn(1, ALL)[:, 3] > 0
    assert np.array_equal(seen, mask[:, ::-1].ravel().astype(bool))


def test_graphics_of_an_image_lie_on_it(reader: Reader) -> None:
    (image, *_) = documents.ct(1)
    mask = square(7, 8, 12, 4)
    image.SeriesInstanceUID, image.SOPInstanceUID = f"{documents.ROOT}80", f"{documents.ROOT}80.1"
    image.add_new(0x60000010, "US", ROWS)
    image.add_new(0x60000011, "US", COLUMNS)
    image.add_new(0x60000040, "CS", "G")
    image.add_new(0x60000050, "SS", [1, 1])
    image.add_new(0x60000100, "US", 1)
    image.add_new(0x60000102, "US", 0)
    packed = np.packbits(mask.ravel(), bitorder="little").tobytes()
    image.add_new(0x60003000, "OW", packed)
    reader.viewer.open(reader.add(image))
    reader.viewer.until_shown(0)
    reader.page.locator("canvas.layers").wait_for()
    expected = mask.ravel().astype(bool)
    reader.viewer.until_true(lambda: np.array_equal(reader.drawn(0, ALL)[:, 3] > 0, expected))


def test_pixels_that_are_not_square_are_not_drawn_square(reader: Reader) -> None:
    (image, *_) = documents.ct(1)
    image.SeriesInstanceUID, image.SOPInstanceUID = f"{documents.ROOT}81", f"{documents.ROOT}81.1"
    for keyword in ("PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"):
        delattr(image, keyword)
    image.PixelAspectRatio = [2, 1]
    reader.viewer.open(reader.add(image))
    reader.viewer.until_shown(0)
    first, right, below = (
        reader.page.evaluate("p => window.__pacsProxy.placed(...p)", point)
        for point in ((0, 0), (10, 0), (0, 10))
    )
    across, down = right[0] - first[0], below[1] - first[1]
    assert down / across == pytest.approx(2, rel=0.01)
