"""A file of unknown origin opened for decoding; runs only in the jailed child."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from pydicom import config, dcmread

from pacs_proxy.decoding.codec import Source, source_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_WORDS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def open_source(file: BinaryIO, limit: int) -> Source:
    """Parse a file and check what it says of its pixels."""
    config.settings.reading_validation_mode = config.IGNORE
    config.settings.writing_validation_mode = config.IGNORE
    source = source_of(dcmread(file, force=True), limit)
    if not source.layout.little:
        _turn_words(source.dataset)
    return source


def _turn_words(dataset: Dataset) -> None:
    """Big endian bulk values to little endian; pydicom turns numbers only."""
    for element in dataset.iterall():
        size = _WORDS.get(element.VR)
        if size and isinstance(element.value, bytes) and len(element.value) % size == 0:
            element.value = np.frombuffer(element.value, f">u{size}").astype(f"<u{size}").tobytes()
