"""A rendering shows what a reader would see, and says that it is not for diagnosis."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from pacs_proxy.decoding.jobs import View
from pacs_proxy.decoding.render import render
from pacs_proxy.decoding.source import open_source
from pacs_proxy.errors import NotRenderable
from tests.decoding import samples
from tests.decoding.samples import Pixels

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

RAMP = np.tile(np.arange(200, dtype=np.uint16) * 10, (100, 1))


def picture(content: bytes, size: int = 200, frame: int = 1) -> Pixels:
    source = open_source(io.BytesIO(content), 1 << 28)
    with Image.open(io.BytesIO(render(source, View(frame, size)))) as image:
        shown: Pixels = np.asarray(image)
    return shown


def row(**attributes: Any) -> Pixels:
    """One row of the ramp 0, 10 .. 1990 as it is shown."""
    shown: Pixels = picture(samples.native(RAMP, **attributes))[50].astype(int)
    return shown


def test_without_a_window_the_whole_range_is_shown() -> None:
    shown = row()
    assert (shown[0], shown[-1]) == (0, 255)
    assert np.all(np.diff(shown) >= 0)


def test_the_window_is_applied_to_rescaled_values() -> None:
    shown = row(RescaleSlope="2", RescaleIntercept="-1000", WindowCenter="1000", WindowWidth="1000")
    # -1000 + 2 * 750 = 500 is black, -1000 + 2 * 1250 = 1500 is white.
    assert shown[74] == 0
    assert shown[126] == 255
    assert shown[100] == pytest.approx(128, abs=2)


@pytest.mark.parametrize(
    ("function", "at_500"), [("LINEAR_EXACT", 0), ("SIGMOID", round(255 / (1 + np.exp(2))))]
)
def test_the_function_of_the_window_is_honoured(function: str, at_500: int) -> None:
    shown = row(WindowCenter="1000", WindowWidth="1000", VOILUTFunction=function)
    assert shown[50] == pytest.approx(at_500, abs=1)


@pytest.mark.parametrize(
    "inverted", [{"PhotometricInterpretation": "MONOCHROME1"}, {"PresentationLUTShape": "INVERSE"}]
)
def test_inverted_pictures_are_shown_inverted(inverted: dict[str, str]) -> None:
    assert np.array_equal(row(**inverted), 255 - row())


def _table(entries: Pixels, bits: int) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(entries), 0, bits]
    item.LUTData = entries.astype("<u2").tobytes()
    item.ModalityLUTType = "US"
    return item


def test_a_voi_table_is_used_where_there_is_no_window() -> None:
    table = _table(np.where(np.arange(2000) < 1000, 0, 4095), 12)
    shown = row(VOILUTSequence=[table])
    assert set(shown[:100]) == {0}
    assert set(shown[100:]) == {255}


def test_a_modality_table_is_applied_before_the_window() -> None:
    table = _table(1999 - np.arange(2000), 16)
    assert np.abs(row(ModalityLUTSequence=[table]) - (255 - row())).max() <= 1


def test_values_of_the_frames_own_functional_group_count() -> None:
    group, transformation = Dataset(), Dataset()
    transformation.RescaleSlope, transformation.RescaleIntercept = "2", "-1000"
    transformation.RescaleType = "US"
    group.PixelValueTransformationSequence = [transformation]
    nested = row(SharedFunctionalGroupsSequence=[group], WindowCenter="1000", WindowWidth="1000")
    plain = row(RescaleSlope="2", RescaleIntercept="-1000", WindowCenter="1000", WindowWidth="1000")
    assert np.array_equal(nested, plain)


def test_padding_does_not_take_part_in_the_range() -> None:
    padded = RAMP.astype(np.int16)
    padded[:, :20] = -30_000
    shown = picture(samples.native(padded, PixelPaddingValue=-30_000))[50]
    assert (shown[25] < 40, shown[-1]) == (True, 255)


def test_a_palette_is_looked_up() -> None:
    indices = np.tile(np.arange(4, dtype=np.uint8), (16, 16))
    tables: dict[str, Any] = {
        f"{name}PaletteColorLookupTable{part}": value
        for name, ramp in (
            ("Red", [0, 255, 0, 0]),
            ("Green", [0, 0, 255, 0]),
            ("Blue", [0, 0, 0, 255]),
        )
        for part, value in (
            ("Descriptor", [4, 0, 16]),
            ("Data", (np.array(ramp) * 257).astype("<u2").tobytes()),
        )
    }
    content = samples.native(indices, PhotometricInterpretation="PALETTE COLOR", **tables)
    shown = picture(content, 64)
    assert shown[3, :4].tolist() == [[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_colour_is_shown_as_it_is() -> None:
    colours = samples.colour()
    assert np.array_equal(picture(samples.native(colours), 64), colours)


@pytest.mark.parametrize(
    ("attributes", "shape"),
    [
        ({}, (100, 200)),
        ({"PixelAspectRatio": ["2", "1"]}, (200, 200)),
        ({"PixelSpacing": ["1", "2"]}, (50, 200)),
        ({"PixelSpacing": ["0", "0"]}, (100, 200)),
        ({"ImagerPixelSpacing": ["4", "1"]}, (200, 100)),
    ],
)
def test_pixels_that_are_not_square_are_drawn_in_their_shape(
    attributes: dict[str, Any], shape: tuple[int, int]
) -> None:
    assert picture(samples.native(RAMP, **attributes)).shape == shape


@pytest.mark.parametrize(
    ("size", "longest"), [(1, 1), (16, 16), (160, 160), (0, 200), (1000, 1000), (99_999, 4096)]
)
def test_the_longest_side_is_what_was_asked_for_and_never_too_large(
    size: int, longest: int
) -> None:
    assert picture(samples.native(RAMP), size).shape[1] == longest


def _noticed(size: int) -> bool:
    """Whether the lower left of an all black picture holds anything."""
    black = samples.native(np.zeros((300, 600), np.uint8), WindowCenter="128", WindowWidth="256")
    return bool(picture(black, size)[-30:].any())


@pytest.mark.parametrize(("size", "noticed"), [(0, True), (257, True), (256, False), (160, False)])
def test_all_but_thumbnails_carry_the_notice(size: int, noticed: bool) -> None:
    assert _noticed(size) is noticed


def test_a_quality_gives_a_jpeg_that_looks_the_same_in_fewer_bytes() -> None:
    noise = np.random.default_rng(7).integers(0, 200, RAMP.shape).astype(np.uint16)
    content = samples.native(RAMP + noise, WindowCenter="1000", WindowWidth="2000")
    source = open_source(io.BytesIO(content), 1 << 28)
    png, jpeg = (render(source, View(size=512, quality=quality)) for quality in (0, 40))
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.format == "JPEG"
        shown = np.asarray(image).astype(int)
    with Image.open(io.BytesIO(png)) as image:
        exact = np.asarray(image).astype(int)
    assert np.abs(shown - exact).mean() < 4
    assert len(jpeg) < len(png) / 3


def test_a_picture_too_small_for_the_notice_gets_a_margin_for_it() -> None:
    tiny = samples.native(np.zeros((8, 8), np.uint8), WindowCenter="128", WindowWidth="256")
    shown = picture(tiny, 0)
    assert not shown[:8, :8].any()
    assert shown[8:].any()


def test_values_that_are_no_numbers_do_not_stop_the_picture() -> None:
    values = RAMP.astype("<f4")
    values[0, 0], values[1, 1] = np.nan, np.inf
    dataset = samples.described(RAMP, BitsAllocated=32)
    dataset.FloatPixelData = values.tobytes()
    shown = picture(samples.written(dataset, samples.EXPLICIT))
    assert (shown[50, 0], shown[50, -1]) == (0, 255)


def test_each_frame_is_the_one_asked_for() -> None:
    frames = np.stack([np.full((32, 32), value, np.uint8) for value in (10, 200)])
    dataset = samples.described(frames[0], NumberOfFrames=2, WindowCenter="128", WindowWidth="256")
    content = samples.native_bytes(dataset, frames.tobytes())
    assert [int(picture(content, 32, frame).mean()) for frame in (1, 2)] == [10, 200]
    with pytest.raises(NotRenderable, match="Frame 3"):
        picture(content, 32, 3)
