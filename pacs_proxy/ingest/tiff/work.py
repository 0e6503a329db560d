"""The work of one jailed child: describe a TIFF, draw it small, or convert some of its pages."""

from __future__ import annotations

import io
import json
import os
import warnings
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
import pyvips
import tifffile

from pacs_proxy.decoding import jobs, template
from pacs_proxy.decoding.work import sentence
from pacs_proxy.errors import NotRenderable
from pacs_proxy.ingest.tiff.bands import DAMAGED, Pixels, Sought, bands, opened, shrunk
from pacs_proxy.ingest.tiff.kinds import CONVERT, PROBE, THUMBNAIL
from pacs_proxy.ingest.tiff.levels import Frames, Level, Sink, Tiles, Whole
from pacs_proxy.ingest.tiff.pages import check_sums, described

_DARKEST, _BRIGHTEST = 1.0, 99.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What a conversion makes: `outputs` are pairs of level and whether it is one frame."""

    pages: list[int]
    colour: bool
    bits: int
    orientation: int
    widths: list[int]
    outputs: list[tuple[int, bool]]


def perform(job: jobs.Job, source: int, results: list[int]) -> jobs.Report:
    """Do the job; whatever goes wrong becomes a sentence without a word from the file."""
    warnings.simplefilter("ignore")
    try:
        _DOES[job.kind](job, source, results)
    except (pyvips.Error, zlib.error):
        return jobs.Report("failed", DAMAGED)
    except tifffile.TiffFileError:
        return jobs.Report("failed", "It is damaged or cut short.")
    except NotRenderable as error:
        return jobs.Report("failed", error.detail)
    except Exception as error:  # noqa: BLE001 - a codec can raise anything, and text may quote data
        return jobs.Report("failed", sentence(error))
    return jobs.Report("done")


def _probe(_: jobs.Job, source: int, results: list[int]) -> None:
    with os.fdopen(source, "rb", closefd=False) as file:
        _write(results[0], json.dumps(described(file)).encode())


def _thumbnail(job: jobs.Job, source: int, results: list[int]) -> None:
    """A PNG, and the window in which 16 bit were drawn."""
    sought = Sought(job.wishes["colour"], job.wishes["bits"])
    small = shrunk(opened(source, job.wishes["page"]), job.view.size, sought)
    window = _window(small) if sought.bits == 16 else (0.0, 255.0)
    _write(results[0], bytes(imagecodecs.png_encode(_windowed(small, *window))))
    _write(results[1], json.dumps(window).encode())


def _window(values: Pixels) -> tuple[float, float]:
    low, high = (float(value) for value in np.percentile(values, [_DARKEST, _BRIGHTEST]))
    return low, max(high, low + 1)


def _windowed(values: Pixels, low: float, high: float) -> Pixels:
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    shown = (values.astype(np.float32) - low) * (255 / (high - low))
    drawn: Pixels = np.clip(shown, 0, 255).astype(np.uint8)
    return drawn


def _convert(job: jobs.Job, source: int, results: list[int]) -> None:
    """`results` are a count of the rows done, then a file for each output."""
    wish, done = Wish(**job.wishes), 0
    sought = Sought(wish.colour, wish.bits)
    with os.fdopen(source, "rb", closefd=False) as file:
        check_sums(file, wish.pages)
    frames = [Frames(descriptor) for descriptor in results[1:]]
    for page in wish.pages:
        top = _pyramid(wish, sought, frames)
        for rows in _upright(opened(source, page), sought, wish.orientation):
            top.take(rows)
            done += len(rows)
            os.pwrite(results[0], done.to_bytes(8, "little"), 0)
        top.end()


def _pyramid(wish: Wish, sought: Sought, frames: list[Frames]) -> Level:
    below: Level | None = None
    for number, width in reversed(list(enumerate(wish.widths))):
        sinks: list[Sink] = [
            (Whole if whole else Tiles)(into.add)
            for into, (level, whole) in zip(frames, wish.outputs, strict=True)
            if level == number
        ]
        below = Level(width, sought, sinks, below)
    if below is None:
        raise NotRenderable("There is nothing to convert.")
    return below


def _upright(image: pyvips.Image, sought: Sought, orientation: int) -> Any:
    """Rows of the picture as it is to be seen (TIFF 6.0, Orientation)."""
    if orientation == 1:
        return bands(image, sought)
    whole = np.concatenate(list(bands(image, sought)))
    if orientation >= 5:
        whole = whole.swapaxes(0, 1)
    if orientation in {3, 4, 7, 8}:
        whole = whole[::-1]
    if orientation in {2, 3, 6, 7}:
        whole = whole[:, ::-1]
    return [whole]


_DOES = {PROBE: _probe, THUMBNAIL: _thumbnail, CONVERT: _convert}


def _write(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb", closefd=False) as out:
        out.write(data)


def warm_up() -> None:
    """Load and begin everything a job can need: a confined child finds no file any more."""
    pyvips.cache_set_max(0)
    grey = np.arange(96 * 96, dtype=np.uint16).reshape(96, 96)
    for options in ({}, {"tile": (32, 32), "compression": "zlib"}, {"compression": "lzw"}):
        file: BinaryIO = io.BytesIO()
        tifffile.imwrite(file, grey, **options)
        file.seek(0)
        described(file)
    imagecodecs.png_encode(_windowed(grey, *_window(grey)))
    imagecodecs.jpegls_encode(grey)


if __name__ == "__main__":
    template.serve(perform, warm_up)
