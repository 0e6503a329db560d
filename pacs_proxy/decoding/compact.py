"""An instance with native pixels to the same instance in HTJ2K without loss, for slow links.

Nothing leaves here that another decoder does not turn back into the very same pixels.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

import imagecodecs
import numpy as np
from pydicom import dcmwrite

from pacs_proxy.decoding import recognise
from pacs_proxy.decoding.convert import describe_coding, repair, without_pixels, write_items
from pacs_proxy.errors import NotRenderable

if TYPE_CHECKING:
    from pacs_proxy.decoding.codec import Pixels, Source

# HTJ2K, lossless only (PS3.6 A.1).
SYNTAX = "1.2.840.10008.1.2.4.201"
_GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
# Less than this saved is not worth anybody's work.
_WORTH = 0.9


def compact(source: Source, out: BinaryIO) -> None:
    """Write the smaller file; every element but the pixels' coding stays.

    Raises NotRenderable where it would not be the same, or hardly smaller.
    """
    frames = [_coded(source, frame) for frame in range(_frames(source))]
    if sum(map(len, frames)) > _WORTH * len(source.data):
        raise NotRenderable("It would hardly be smaller.")
    dataset = source.dataset
    repair(dataset)
    tail = without_pixels(dataset)
    describe_coding(dataset, SYNTAX)
    dcmwrite(out, dataset, implicit_vr=False, little_endian=True, enforce_file_format=False)
    write_items(out, frames)
    if len(tail):
        part = io.BytesIO()
        dcmwrite(part, tail, implicit_vr=False, little_endian=True, enforce_file_format=False)
        out.write(part.getvalue())


def _frames(source: Source) -> int:
    """How many there are, of an image that may be coded at all."""
    layout = source.layout
    plain = layout.syntax in recognise.NATIVE and layout.little and not source.encapsulated
    if not plain or layout.photometric not in _GREY or layout.allocated not in {8, 16}:
        raise NotRenderable("Only native grey images are made smaller.")
    if layout.signed and layout.allocated != 16:
        raise NotRenderable("Signed bytes are left as they are.")
    return layout.frames


def _coded(source: Source, index: int) -> bytes:
    stored = _stored(source, index)
    if not np.array_equal(source.frame(index), stored):
        raise NotRenderable("Its pixels hold more than values.")
    coded = bytes(imagecodecs.htj2k_encode(stored))
    # OpenJPH wrote it; OpenJPEG reads it.
    if not np.array_equal(imagecodecs.jpeg2k_decode(coded), stored):
        raise NotRenderable("It would not be the same.")
    return coded


def _stored(source: Source, index: int) -> Pixels:
    """Rows x columns, each value with all its bits as they lie in the file."""
    layout = source.layout
    size = layout.frame_bits // 8
    kind = "i" if layout.signed else "u"
    part = source.data[index * size : (index + 1) * size]
    if len(part) != size:
        raise NotRenderable("The pixel data is cut short.")
    values = np.frombuffer(part, f"<{kind}{layout.allocated // 8}")
    return values.reshape(layout.rows, layout.columns)
