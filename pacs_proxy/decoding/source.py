"""A file of unknown origin opened for decoding; runs only in the jailed child."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from pydicom import config, dcmread

from pacs_proxy.decoding.codec import Source, source_of
from pacs_proxy.decoding.layout import PIXEL_KEYWORDS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SEQUENCE_END = b"\xfe\xff\xdd\xe0\0\0\0\0"
_WORDS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def open_source(file: BinaryIO, limit: int) -> Source:
    """Parse a file and check what it says of its pixels."""
    config.settings.reading_validation_mode = config.IGNORE
    config.settings.writing_validation_mode = config.IGNORE
    dataset: Dataset = dcmread(file, force=True)
    if not any(keyword in dataset for keyword in PIXEL_KEYWORDS):
        dataset = _with_end(file)
    source = source_of(dataset, limit)
    if not source.layout.little:
        _turn_words(source.dataset)
    return source


def _with_end(file: BinaryIO) -> Dataset:
    """pydicom drops pixels whose last delimiter is missing; browsers draw them."""
    file.seek(0)
    return dcmread(io.BytesIO(file.read() + _SEQUENCE_END), force=True)


def _turn_words(dataset: Dataset) -> None:
    """Big endian bulk values to little endian; pydicom turns numbers only."""
    for element in dataset.iterall():
        size = _WORDS.get(element.VR)
        if size and isinstance(element.value, bytes) and len(element.value) % size == 0:
            element.value = np.frombuffer(element.value, f">u{size}").astype(f"<u{size}").tobytes()
