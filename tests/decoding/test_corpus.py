"""Every real and odd file at hand is drawn right or refused in words, and harms nobody."""

from __future__ import annotations

import csv
import io
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from pacs_proxy.decoding import Decoder, View, conversion_reason_of, picture_kind
from pacs_proxy.decoding.elements import HEAD_BYTES
from pacs_proxy.errors import NotRenderable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.decoding.samples import Pixels

CORPUS = Path(os.environ.get("PACS_PROXY_CORPUS") or Path(__file__).parents[3] / "shared" / "data")
pytestmark = [
    pytest.mark.skipif(not (CORPUS / "MANIFEST.tsv").exists(), reason="no corpus on this machine"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

_SEEN = re.compile(r"yes \((\d+), (\d+)(?:, 3)?\) \S+ (-?[\d.]+)\.\.(-?[\d.]+)")
# Where the stored values of the corpus' notes are not what is drawn.
_OTHER_VALUES = {
    "odd/synth/high_bit_15_stored_12.dcm",
    "pixels/modality_lut_sequence.dcm",
    "odd/synth/dirty_high_bits.dcm",
}
_LOSSY = 3
_KIND = ("sop_class", "transfer_syntax", "photometric", "bits", "rows_cols_frames", "parses")


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    made = Decoder(2, 20.0, 1 << 30, patience_seconds=60.0)
    yield made
    made.close()


def _rows() -> list[dict[str, str]]:
    with (CORPUS / "MANIFEST.tsv").open(newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    return [row for row in rows if not row["file"].startswith(("archives/", "tiff/"))]


def _sample(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Of whole series and discs each kind and every fourth file, and all others.

    WHOLE_CORPUS=1 leaves none out: for whoever changes how pictures are read.
    """
    met, kept = set[tuple[str, ...]](), list[dict[str, str]]()
    for number, row in enumerate(rows):
        kind = tuple(row[name] for name in _KIND)
        is_one_of_many = row["file"].startswith(("series/", "media/")) and kind in met
        if not is_one_of_many or number % 4 == 0 or os.environ.get("WHOLE_CORPUS"):
            kept.append(row)
        met.add(kind)
    return kept


def _pixels(converted: bytes) -> Pixels:
    """The first frame of a converted file, as a browser reads it."""
    dataset = dcmread(io.BytesIO(converted))
    samples = int(dataset.SamplesPerPixel)
    count = int(dataset.Rows) * int(dataset.Columns) * samples
    if "FloatPixelData" in dataset:
        return np.frombuffer(dataset.FloatPixelData, "<f4")[:count]
    data = dataset.PixelData
    if dataset["PixelData"].is_undefined_length:
        data = data[16:]
    kind = "i" if dataset.PixelRepresentation else "u"
    size = int(dataset.BitsAllocated) // 8
    return np.frombuffer(data[: count * size], f"<{kind}{size}")


def _verdict(decoder: Decoder, row: dict[str, str]) -> str:
    """Empty when all is well."""
    file = os.open(CORPUS / row["file"], os.O_RDONLY)
    try:
        return _judged(decoder, file, row)
    finally:
        os.close(file)


def _judged(decoder: Decoder, file: int, row: dict[str, str]) -> str:
    seen = _SEEN.match(row["renders"])
    try:
        with os.fdopen(decoder.convert(file), "rb") as made:
            converted = made.read()
        with Image.open(io.BytesIO(decoder.render(file, View(1, 96)))) as picture:
            if max(picture.size) != 96:
                return f"rendered {picture.size}"
    except NotRenderable as error:
        return f"refused: {error.detail}" if seen else ""
    if (
        conversion_reason_of(file) is None
        and picture_kind(os.pread(file, HEAD_BYTES, 0)) != "image"
    ):
        return "has pixels, and is called no image"
    if seen is None or row["file"] in _OTHER_VALUES:
        return ""
    return _compared(_pixels(converted), seen, row)


def _compared(pixels: Pixels, seen: re.Match[str], row: dict[str, str]) -> str:
    """Against the extremes that other decoders found when the corpus was made."""
    samples = 3 if " x3" in row["bits"] else 1
    if pixels.size != int(seen[1]) * int(seen[2]) * samples:
        return f"{pixels.size} values"
    deep = samples == 3 and not row["bits"].startswith("8/")
    ends = (0.0, 255.0) if deep else (float(seen[3]), float(seen[4]))
    if abs(pixels.min() - ends[0]) > _LOSSY or abs(pixels.max() - ends[1]) > _LOSSY:
        return f"{pixels.min()}..{pixels.max()} instead of {ends}"
    return ""


def test_every_file_is_drawn_right_or_refused_in_words(decoder: Decoder) -> None:
    rows = _sample(_rows())
    with ThreadPoolExecutor(2) as pool:
        verdicts = pool.map(lambda row: _verdict(decoder, row), rows)
        wrong = {row["file"]: said for row, said in zip(rows, verdicts, strict=True) if said}
    assert wrong == {}
    assert len(rows) > 350


def test_uncompressed_and_run_length_pixels_equal_those_of_pydicom(decoder: Decoder) -> None:
    checked = 0
    for path in sorted(
        [*CORPUS.glob("transfer/pydicom/MR_small*"), *CORPUS.glob("pixels/mono2_*")]
    ):
        dataset = dcmread(path)
        if "1bit" in path.name or "JPEG" in dataset.file_meta.TransferSyntaxUID.name:
            continue
        with path.open("rb") as file, os.fdopen(decoder.convert(file.fileno()), "rb") as made:
            assert np.array_equal(_pixels(made.read()), dataset.pixel_array.reshape(-1)), path.name
        checked += 1
    assert checked >= 8
