"""What a viewer must know of one level of a slide (PS3.3 C.8.12.4), from the proven file itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pacs_proxy.decoding.elements import SHARED_MEASURES, Header
from pacs_proxy.decoding.recognise import Image, image_of
from pacs_proxy.decoding.survey import header_of
from pacs_proxy.errors import NotRenderable

_SLIDE_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.6"
_SOP_CLASS, _SOP_INSTANCE, _IMAGE_TYPE = 0x00080016, 0x00080018, 0x00080008
_ORGANISATION = 0x00209311
_MATRIX_COLUMNS, _MATRIX_ROWS = 0x00480006, 0x00480007
_PATHS, _PLANES = 0x00480302, 0x00480303
_CENTRE, _WIDTH = 0x00281050, 0x00281051


@dataclass(frozen=True)
class Slide:
    """One level: sizes in pixels, `spacing` (down, across) in mm, `window` (centre, width)."""

    sop_uid: str
    flavour: str
    width: int
    height: int
    tile_width: int
    tile_height: int
    frames: int
    layers: int
    samples: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    planar: bool
    photometric: str
    transfer_syntax: str
    spacing: tuple[float, float] | None
    window: tuple[float, float] | None


def slide_of(descriptor: int) -> Slide:
    """Read a complete file; NotRenderable when it is no slide laid out in full rows of tiles."""
    header = header_of(descriptor, SHARED_MEASURES)
    if header.text(_SOP_CLASS) != _SLIDE_CLASS or header.pixels is None:
        raise NotRenderable("This instance is no whole-slide image.")
    if header.text(_ORGANISATION) != "TILED_FULL":
        raise NotRenderable("The tiles of this slide are not laid out in full rows (TILED_FULL).")
    image = image_of(header)
    width, height = header.number(_MATRIX_COLUMNS, 0), header.number(_MATRIX_ROWS, 0)
    layers = _layers(header, image, width, height)
    return Slide(
        sop_uid=header.text(_SOP_INSTANCE),
        flavour=_flavour(header),
        width=width,
        height=height,
        tile_width=image.columns,
        tile_height=image.rows,
        frames=image.frames,
        layers=layers,
        samples=image.samples,
        bits_allocated=image.allocated,
        bits_stored=image.stored,
        signed=image.signed,
        planar=image.planar == 1,
        photometric=image.photometric,
        transfer_syntax=image.syntax,
        spacing=_pair(header.spacings[0]) if header.spacings else None,
        window=_pair(f"{header.text(_CENTRE)}\\{header.text(_WIDTH)}"),
    )


def _layers(header: Header, image: Image, width: int, height: int) -> int:
    """Focal planes times optical paths: each has its own frames, one layer after another."""
    if not (width and height and image.rows and image.columns):
        raise NotRenderable("The slide does not say how large it is.")
    layers = max(1, header.number(_PATHS, 1)) * max(1, header.number(_PLANES, 1))
    tiles = math.ceil(width / image.columns) * math.ceil(height / image.rows)
    if image.frames != tiles * layers:
        raise NotRenderable("The slide has more or fewer tiles than its size asks for.")
    return layers


def _flavour(header: Header) -> str:
    """VOLUME, LABEL, OVERVIEW or THUMBNAIL: the third value of Image Type."""
    values = header.raw(_IMAGE_TYPE).decode("ascii", "replace").split("\\")
    return values[2].strip(" \0") if len(values) > 2 else ""


def _pair(text: str) -> tuple[float, float] | None:
    try:
        first, second = (float(part) for part in text.split("\\"))
    except ValueError:
        return None
    is_sound = math.isfinite(first) and math.isfinite(second) and second > 0
    return (first, second) if is_sound else None
