"""Modality and VOI lookup tables, and palettes (PS3.3 C.11.1, C.11.2, C.7.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom.pixels.processing import apply_color_lut

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from pacs_proxy.decoding.codec import Pixels

_SIGNED_FIRST = 1 << 15


def apply_table(values: Pixels, item: Dataset, signed: bool) -> Pixels:
    """Look stored values up in one item of a Modality or VOI LUT Sequence (little endian)."""
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    if signed and first >= _SIGNED_FIRST:
        first -= 1 << 16
    entries = _entries(item, count or 1 << 16, bits)
    places = np.clip(values.astype(np.int64) - first, 0, len(entries) - 1)
    return entries[places]


def table_bits(item: Dataset) -> int:
    """Bits of an entry, as the descriptor says."""
    return int(item.LUTDescriptor[2])


def _entries(item: Dataset, count: int, bits: int) -> Pixels:
    data = item["LUTData"].value
    if not isinstance(data, bytes):
        return np.array(data, np.uint16)
    narrow = bits <= 8 and len(data) < 2 * count
    entries = np.frombuffer(data, np.uint8 if narrow else "<u2")[:count]
    return entries.astype(np.uint8 if bits <= 8 else np.uint16)


def coloured(values: Pixels, dataset: Dataset) -> Pixels:
    """Palette indices as 8 bit RGB; `dataset` holds palettes in little endian."""
    dataset.set_original_encoding(False, True)
    colours: Pixels = apply_color_lut(values, dataset)
    return (colours[..., :3] >> (8 * (colours.dtype.itemsize - 1))).astype(np.uint8)
