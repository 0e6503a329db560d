"""Pixels of one page read from top to bottom in bands; runs only in the jailed child."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyvips

from pacs_proxy.errors import NotRenderable

Pixels = np.ndarray[Any, np.dtype[Any]]

# Rows read at once: vips hands out a copy, so this much is in memory twice.
_ROWS = 64
_THUMBNAIL_ROWS = 8
DAMAGED = "Its pixels are damaged, cut short, or of an unknown kind."
_TYPES = {"uchar": np.uint8, "ushort": np.uint16}


@dataclass(frozen=True, slots=True)
class Sought:
    """What a page is read as: three samples or one, of 8 or 16 bit."""

    colour: bool
    bits: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of one sample."""
        return np.dtype(np.uint8 if self.bits == 8 else np.uint16)

    def shape(self, rows: int, columns: int) -> tuple[int, ...]:
        """Of an array of such pixels."""
        return (rows, columns, 3) if self.colour else (rows, columns)


def opened(descriptor: int, page: int) -> pyvips.Image:
    """A page, to be read once in order; vips closes the copy it makes of the descriptor."""
    source = pyvips.Source.new_from_descriptor(descriptor)
    loaded = pyvips.Image.tiffload_source(source, page=page, access="sequential", fail_on="error")
    return cast("pyvips.Image", loaded)


def bands(image: pyvips.Image, sought: Sought) -> Iterator[Pixels]:
    """Some rows at a time; no thread is needed for that, and none could be started here."""
    region = pyvips.Region.new(image)
    for top in range(0, image.height, _ROWS):
        yield _rows(region, image, top, min(_ROWS, image.height - top), sought)
    _no_complaint()


def shrunk(image: pyvips.Image, side: int, sought: Sought) -> Pixels:
    """The whole page as the mean of blocks, `side` pixels or somewhat more on its longest side."""
    factor = max(1, max(image.width, image.height) // side)
    small = image.shrink(factor, factor)
    region = pyvips.Region.new(small)
    tops = range(0, small.height, _THUMBNAIL_ROWS)
    parts = [
        _rows(region, small, top, min(_THUMBNAIL_ROWS, small.height - top), sought) for top in tops
    ]
    _no_complaint()
    return np.concatenate(parts)


def _no_complaint() -> None:
    """A JPEG that ends too early is drawn grey, and only this buffer tells of it."""
    said = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer())
    pyvips.vips_lib.vips_error_clear()
    if said:
        raise NotRenderable(DAMAGED)


def _rows(
    region: pyvips.Region, image: pyvips.Image, top: int, rows: int, sought: Sought
) -> Pixels:
    data = region.fetch(0, top, image.width, rows)
    values = np.frombuffer(data, _TYPES[image.format]).reshape(rows, image.width, image.bands)
    return fitted(values, sought)


def fitted(values: Pixels, sought: Sought) -> Pixels:
    """Without alpha, in the samples and bits wanted: palettes come as few of either as they can."""
    if values.dtype != sought.dtype:
        values = values >> 8 if sought.bits == 8 else values.astype(np.uint16) * 257
        values = values.astype(sought.dtype)
    if not sought.colour:
        return values[..., 0]
    if values.shape[-1] < 3:
        return np.repeat(values[..., :1], 3, axis=-1)
    return values[..., :3]
