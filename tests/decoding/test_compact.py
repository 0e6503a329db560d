"""Fewer bytes, the same pixels, and every other element as it was; or a refusal."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import generate_frames

from pacs_proxy.decoding.compact import SYNTAX, compact
from pacs_proxy.decoding.recognise import conversion_reason
from pacs_proxy.decoding.source import open_source
from pacs_proxy.errors import NotRenderable
from tests.decoding import samples
from tests.decoding.samples import BIG, EXPLICIT, IMPLICIT, Pixels

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

GREY, SIGNED = samples.grey(rows=96, columns=128), samples.grey(1000, low=-1000)
BYTES = (GREY >> 4).astype(np.uint8)
LIMIT = 1 << 28


def compacted(content: bytes) -> bytes:
    out = io.BytesIO()
    compact(open_source(io.BytesIO(content), LIMIT), out)
    return out.getvalue()


def pixels_of(dataset: Dataset) -> Pixels:
    """By the coder's own decoder, which is the browser's too; the proof was another's."""
    frames = generate_frames(
        dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames", 1))
    )
    return np.stack([imagecodecs.htj2k_decode(frame) for frame in frames])


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("pixels", [GREY, SIGNED, BYTES], ids=["u16", "i16", "u8"])
def test_the_same_pixels_in_fewer_bytes(syntax: str, pixels: Pixels) -> None:
    before = samples.native(pixels, syntax)
    after = compacted(before)
    dataset = dcmread(io.BytesIO(after))
    assert len(after) < 0.9 * len(before)
    assert dataset.file_meta.TransferSyntaxUID == SYNTAX
    assert np.array_equal(pixels_of(dataset)[0], pixels)
    assert conversion_reason(after) is None


def test_every_other_element_stays_as_it_was() -> None:
    before = samples.native(GREY, BitsStored=12, HighBit=11, RescaleIntercept="-1024")
    old, new = dcmread(io.BytesIO(before)), dcmread(io.BytesIO(compacted(before)))
    del old.PixelData, new.PixelData
    assert new == old
    assert new.file_meta.MediaStorageSOPInstanceUID == old.SOPInstanceUID


def test_all_frames_of_a_multi_frame_image_come_along() -> None:
    frames = np.stack([GREY, GREY[::-1], GREY[:, ::-1]])
    dataset = samples.described(GREY, NumberOfFrames=3)
    before = samples.native_bytes(dataset, frames.tobytes())
    assert np.array_equal(pixels_of(dcmread(io.BytesIO(compacted(before)))), frames)


OVERLAID: Pixels = np.bitwise_or(GREY, 0xF000)
NOISE: Pixels = np.array(np.random.default_rng(3).integers(0, 1 << 16, GREY.shape), np.uint16)


@pytest.mark.parametrize(
    "content",
    [
        samples.native(OVERLAID, BitsStored=12, HighBit=11),
        samples.native(NOISE),
        samples.native(samples.colour()),
        samples.native(GREY, BIG),
        samples.lossless(GREY, samples.RLE),
    ],
    ids=["overlay in the high bits", "noise", "colour", "big endian", "compressed already"],
)
def test_what_would_not_be_the_same_or_not_smaller_is_left(content: bytes) -> None:
    with pytest.raises(NotRenderable):
        compacted(content)


def test_a_coder_that_errs_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = GREY.copy()
    spoilt[5, 5] ^= 1
    coded = bytes(imagecodecs.htj2k_encode(spoilt))
    monkeypatch.setattr(imagecodecs, "htj2k_encode", lambda _: coded)
    with pytest.raises(NotRenderable, match="the same"):
        compacted(samples.native(GREY))


def test_a_file_cut_in_its_pixels_is_refused() -> None:
    source = open_source(io.BytesIO(samples.native(GREY)), LIMIT)
    with pytest.raises(NotRenderable):
        compact(replace(source, data=source.data[:-2]), io.BytesIO())
