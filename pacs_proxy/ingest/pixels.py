"""Whether the pixel data can be the picture that the header describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pacs_proxy.decoding.elements import UNDEFINED
from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.fileheader import FileHeader
from pacs_proxy.ingest.walk import Element, Fragments

SAMPLES, PHOTOMETRIC, FRAMES = 0x00280002, 0x00280004, 0x00280008
ROWS, COLUMNS, ALLOCATED = 0x00280010, 0x00280011, 0x00280100
IMAGE_TAGS = frozenset({SAMPLES, PHOTOMETRIC, FRAMES, ROWS, COLUMNS, ALLOCATED})
_FLOAT, _DOUBLE = 0x7FE00008, 0x7FE00009

# No compression of pictures reaches this, other than one that claims pixels it does not have.
_RATIO = 5_000
_SMALL = 64 << 20
_DIGITS = re.compile(rb"\s*\+?(\d{1,12})")


@dataclass(frozen=True)
class _Picture:
    rows: int
    columns: int
    samples: int
    allocated: int
    frames: int
    photometric: bytes

    @property
    def length(self) -> int:
        """Bytes of all frames without compression (PS3.3 C.7.6.3, PS3.5 8.1)."""
        pixels = self.rows * self.columns * self.frames
        halves = {b"YBR_FULL_422": 4, b"YBR_PARTIAL_420": 3}
        samples = halves.get(self.photometric, 2 * self.samples)
        return (pixels * samples * self.allocated + 15) // 16


def check_pixels(
    values: Mapping[int, bytes],
    pixels: Element,
    fragments: Fragments | None,
    header: FileHeader,
) -> None:
    """Raise BadUpload when the header promises other pixels than there are."""
    picture = _picture(values, pixels, "little" if header.little else "big")
    if (pixels.length == UNDEFINED) is header.is_native:
        raise BadUpload(
            "pixel_form",
            "The pixels are compressed otherwise than the file header says. Export the file again.",
        )
    if fragments is not None:
        _check_fragments(picture, fragments, header)
    elif picture.length > pixels.length:
        raise BadUpload(
            "pixels_short",
            f"The header describes {picture.length} bytes of pixels, the file has {pixels.length}. "
            "The file was cut or its header is wrong; export it again.",
        )


def _picture(
    values: Mapping[int, bytes], pixels: Element, order: Literal["little", "big"]
) -> _Picture:
    def number(tag: int, default: int) -> int:
        value = values.get(tag, b"")
        return int.from_bytes(value, order) if len(value) == 2 else default

    picture = _Picture(
        rows=number(ROWS, 0),
        columns=number(COLUMNS, 0),
        samples=number(SAMPLES, 1),
        allocated={_FLOAT: 32, _DOUBLE: 64}.get(pixels.tag, number(ALLOCATED, 0)),
        frames=_frames(values.get(FRAMES, b"")),
        photometric=values.get(PHOTOMETRIC, b"").strip(b" \0"),
    )
    if not (picture.rows and picture.columns and picture.samples and picture.allocated):
        raise BadUpload(
            "image_size",
            "The header does not say how large the picture is (rows, columns, bits). "
            "Export the file again.",
        )
    return picture


def _frames(value: bytes) -> int:
    """As a C program reads the number: what follows the digits is not looked at."""
    digits = _DIGITS.match(value)
    return max(1, int(digits.group(1))) if digits else 1


def _check_fragments(picture: _Picture, fragments: Fragments, header: FileHeader) -> None:
    if fragments.table % 4:
        raise BadUpload("fragments", "The table of the compressed frames is damaged. Export again.")
    if header.is_video:
        return
    if fragments.pieces < picture.frames:
        raise BadUpload(
            "pixels_short",
            f"The header promises {picture.frames} frames, the file has {fragments.pieces}. "
            "The file was cut or its header is wrong; export it again.",
        )
    if picture.length > max(_SMALL, _RATIO * fragments.size):
        raise BadUpload(
            "pixels_short",
            f"The header describes {picture.length} bytes of pixels, for which the file's "
            f"{fragments.size} compressed bytes cannot be enough. Export the file again.",
        )
