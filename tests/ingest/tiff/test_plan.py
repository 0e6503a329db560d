"""Which pages become what: decided by what they say, before a pixel is read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.tiff.plan import (
    OVERVIEW,
    SMALLEST_LEVEL,
    Bounds,
    Page,
    Tiff,
    planned,
    trusted,
)

PAGE = Page(
    width=100,
    height=80,
    bits=8,
    samples=3,
    extra=0,
    kind=1,
    photometric=2,
    compression=1,
    reduced=False,
    tiled=False,
    orientation=1,
    stored=24_000,
    cut=False,
    spacing=None,
)


def sized(width: int, height: int, *, tiled: bool = False, reduced: bool = False) -> Page:
    return replace(PAGE, width=width, height=height, tiled=tiled, reduced=reduced)


def pieces_of(*pages: Page) -> list[tuple[tuple[int, ...], bool]]:
    found = planned(Tiff(pages, "", ""), Bounds())
    return [(piece.pages, piece.pyramid) for piece in found]


def test_equal_small_pages_go_together_and_others_apart() -> None:
    small, other = PAGE, sized(50, 80)
    assert pieces_of(small, small, other, small) == [((0, 1, 3), False), ((2,), False)]


def test_every_large_page_is_a_pyramid_of_its_own() -> None:
    large = sized(5000, 300)
    assert pieces_of(large, large, PAGE) == [((0,), True), ((1,), True), ((2,), False)]
    assert pieces_of(sized(4096, 4096)) == [((0,), False)]


def test_reduced_copies_are_left_out_whether_they_say_so_or_not() -> None:
    base = sized(8001, 6001, tiled=True)
    half, quarter = sized(4001, 3001, tiled=True), sized(2000, 1500, tiled=True)
    assert pieces_of(base, half, quarter) == [((0,), True)]
    assert pieces_of(base, sized(900, 700, reduced=True)) == [((0,), True)]
    assert pieces_of(base, sized(2000, 1400, tiled=True)) == [((0,), True), ((1,), False)]
    assert pieces_of(base, sized(4001, 3001)) == [((0,), True), ((1,), False)]


def test_levels_are_halved_until_one_is_small_and_one_is_an_overview() -> None:
    [piece] = planned(Tiff((sized(12_001, 14_000),), "", ""), Bounds())
    assert piece.levels[:3] == [(12_001, 14_000), (6001, 7000), (3001, 3500)]
    assert max(piece.levels[-1]) <= SMALLEST_LEVEL
    assert any(max(size) <= OVERVIEW for size in piece.levels)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (replace(PAGE, compression=34925), "34925"),
        (replace(PAGE, bits=0), "different numbers"),
        (replace(PAGE, photometric=5, samples=4), "CMYK"),
        (replace(PAGE, samples=7), "7 values"),
        (replace(PAGE, cut=True), "cut short"),
        (sized(200_000, 10), "too wide"),
        (sized(0, 10), "no pixels"),
        (replace(sized(5000, 10), orientation=6), "turned"),
    ],
)
def test_a_page_that_cannot_be_converted_says_why(page: Page, words: str) -> None:
    with pytest.raises(BadUpload, match=words):
        pieces_of(page)


def test_too_many_pages_sizes_or_pixels_are_refused() -> None:
    with pytest.raises(BadUpload, match="pages"):
        planned(Tiff((PAGE,) * 3, "", ""), Bounds(pages=2))
    with pytest.raises(BadUpload, match="different sizes"):
        pieces_of(*(sized(10 + number, 10) for number in range(17)))
    with pytest.raises(BadUpload, match="once decoded"):
        planned(Tiff((PAGE,), "", ""), Bounds(decoded_bytes=20_000))


@given(st.sampled_from([72.0, 96.0, 300.0, 600.0]), st.floats(-0.1, 0.1))
def test_usual_resolutions_are_not_believed(per_inch: float, near: float) -> None:
    value = 25.4 / (per_inch + near)
    assert trusted((value, value)) is None


def test_only_a_sensible_nearly_square_spacing_is_believed() -> None:
    assert trusted((0.00025, 0.00026)) == (0.00025, 0.00026)
    assert trusted((0.00025, 0.0005)) is None
    assert trusted((1e-7, 1e-7)) is None
    assert trusted((50.0, 50.0)) is None
