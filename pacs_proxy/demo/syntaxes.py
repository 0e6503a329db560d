"""The transfer syntaxes the phantoms can be stored in, and how a frame is written in each."""

from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from pacs_proxy.demo import jpeg_lossless, rle

Frame = NDArray[Any]

LOSSLESS: dict[str, tuple[str, Callable[[Frame], bytes]]] = {
    JPEGLSLossless: ("JPEG-LS", lambda frame: bytes(imagecodecs.jpegls_encode(frame))),
    JPEG2000Lossless: (
        "JPEG 2000",
        lambda frame: bytes(imagecodecs.jpeg2k_encode(frame, codecformat="j2k", reversible=True)),
    ),
    HTJ2KLossless: (
        "HTJ2K",
        lambda frame: bytes(imagecodecs.htj2k_encode(frame, reversible=True)),
    ),
    RLELossless: ("RLE", rle.encode),
    JPEGLosslessSV1: (
        "JPEG lossless",
        lambda frame: jpeg_lossless.encode(frame, frame.dtype.itemsize * 8),
    ),
}


def set_pixels(dataset: Dataset, frames: Frame, transfer_syntax: str) -> None:
    """Put frames [frame, row, column(, 3)] into a data set in its transfer syntax.

    A signed image keeps its bit pattern where the syntax itself knows no sign.
    """
    if transfer_syntax in LOSSLESS:
        _, encode = LOSSLESS[transfer_syntax]
        streams = [encode(_pattern(frame, transfer_syntax)) for frame in frames]
        dataset.add_new("PixelData", "OB", encapsulate(streams, has_bot=len(streams) > 1))
        dataset["PixelData"].is_undefined_length = True
        return
    wide = frames.dtype.itemsize > 1
    data = np.ascontiguousarray(frames).tobytes()
    dataset.add_new("PixelData", "OW" if wide else "OB", data + b"\x00" * (len(data) % 2))


def _pattern(frame: Frame, transfer_syntax: str) -> Frame:
    signed = frame.dtype.kind == "i"
    knows_sign = transfer_syntax in (JPEG2000Lossless, HTJ2KLossless)
    unsigned = frame.view(frame.dtype.str.replace("i", "u")) if signed else frame
    return np.ascontiguousarray(frame if knows_sign else unsigned)
