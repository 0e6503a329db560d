"""Small TIFFs of every kind that is converted, whose pixels are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

Pixels = np.ndarray[Any, np.dtype[Any]]

WIDTH, HEIGHT = 1300, 1100
# With this bound the samples above are slides, and quick.
SLIDE_SIDE = 1000
MICROSCOPE = (40_000, 40_000)  # pixels for each centimetre: 0.25 micrometres


def grey(bits: int = 16, width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """Waves with some noise: no two tiles alike."""
    down, across = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(5).integers(0, 3, (height, width))
    waves = (np.sin(down / 37) + np.cos(across / 53) + 2) / 4
    made: Pixels = (waves * ((1 << bits) - 8) + noise).astype(np.uint8 if bits == 8 else np.uint16)
    return made


def colour(width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """Three different waves."""
    base = grey(8, width, height)
    return np.stack([base, base[::-1], base[:, ::-1]], -1)


@dataclass(frozen=True)
class Kind:
    """How a TIFF is written; `loss` is how far a decoder's values may differ."""

    name: str
    pixels: Pixels
    options: dict[str, Any] = field(default_factory=dict)
    loss: int = 0

    def write(self, folder: Path) -> Path:
        path = folder / f"{self.name}.tif"
        options = {"photometric": "rgb" if self.pixels.ndim == 3 else "minisblack", **self.options}
        pixels = self.pixels
        if options.get("planarconfig") == "separate":
            pixels = np.moveaxis(pixels, -1, 0)
        tifffile.imwrite(path, pixels, metadata=None, **options)
        return path


STRIPS: dict[str, Any] = {"rowsperstrip": 16}
TILES: dict[str, Any] = {"tile": (256, 256)}
DEFLATE: dict[str, Any] = {"compression": "zlib", "predictor": 2}
KINDS = (
    Kind("grey16_strips", grey(), STRIPS),
    Kind("grey16_one_strip", grey(), {"rowsperstrip": HEIGHT}),
    Kind("grey16_big_endian", grey(), {**STRIPS, "byteorder": ">"}),
    Kind("grey16_big_deflate", grey(), {**TILES, **DEFLATE, "bigtiff": True}),
    Kind("grey8_packbits", grey(8), {**STRIPS, "compression": "packbits"}),
    Kind("rgb_strips", colour(), STRIPS),
    Kind("rgb_planar", colour(), {**STRIPS, "planarconfig": "separate"}),
    Kind("rgb_big_tiles", colour(), {**TILES, "bigtiff": True}),
    Kind("rgb_lzw", colour(), {**STRIPS, "compression": "lzw", "predictor": 2}),
    Kind("rgb_one_deflate_strip", colour(), {"rowsperstrip": HEIGHT, "compression": "zlib"}),
    Kind("rgb_jpeg_tiles", colour(), {**TILES, "compression": "jpeg"}, loss=3),
)
