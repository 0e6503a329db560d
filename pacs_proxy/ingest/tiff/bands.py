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
# Fewer where nothing else needs memory, and always as many: its own cache breaks into pieces else.
_THUMBNAIL_ROWS = 16
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


def bands(image: pyvips.Image, sought: Sought, rows: int = _ROWS) -> Iterator[Pixels]:
    """Some rows at a time; no thread is needed for that, and none could be started here."""
    region = pyvips.Region.new(image)
    for top in range(0, image.height, rows):
        yield _rows(region, image, top, min(rows, image.height - top), sought)
    _no_complaint()


def shrunk(image: pyvips.Image, side: int, sought: Sought) -> Pixels:
    """The whole page as the mean of blocks, `side` pixels or somewhat more on its longest side."""
    factor = max(1, max(image.width, image.height) // side)
    size = -(-image.height // factor), -(-image.width // factor)
    # All that stays is made beforehand: made in between, it would keep vips's memory in pieces.
    small = np.empty(sought.shape(*size), sought.dtype)
    sums = np.zeros(sought.shape(1, image.width)[1:], np.uint32)
    found = _summed(bands(image, sought, _THUMBNAIL_ROWS), factor, sums)
    for row, count in enumerate(found):
        small[row] = _mean(sums, factor, count, sought)
        sums[:] = 0
    return small


def _summed(found: Iterator[Pixels], factor: int, sums: Pixels) -> Iterator[int]:
    """Add rows to `sums`, which the caller empties: `factor` each time, fewer only at the end."""
    count = 0
    for band in found:
        rows = band
        while len(rows):
            part = rows[: factor - count]
            sums += np.add.reduce(part, axis=0, dtype=np.uint32)
            rows, count = rows[len(part) :], count + len(part)
            if count == factor:
                yield count
                count = 0
    if count:
        yield count


def _mean(sums: Pixels, factor: int, rows: int, sought: Sought) -> Pixels:
    """Of blocks of `factor` columns, whose rows are summed already; the last may be narrower."""
    lefts = np.arange(0, len(sums), factor)
    counts = np.diff(lefts, append=len(sums)) * rows
    totals = np.add.reduceat(sums, lefts, axis=0, dtype=np.uint64)
    divisors = counts.astype(np.uint64).reshape(-1, *[1] * (sums.ndim - 1))
    rounded: Pixels = ((totals + divisors // 2) // divisors).astype(sought.dtype)
    return rounded


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
