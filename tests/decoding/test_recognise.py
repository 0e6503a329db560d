"""What browsers draw wrong is recognised, what they draw right is left alone."""

from __future__ import annotations

import os
import time
import zlib
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from pacs_proxy.decoding import (
    HEAD_BYTES,
    conversion_reason,
    conversion_reason_of,
    picture_kind,
)
from tests.decoding import samples
from tests.decoding.samples import BIG, DEFLATED, EXPLICIT, IMPLICIT, JPEG, RLE

if TYPE_CHECKING:
    from pathlib import Path

GREY = samples.grey()
SIGNED = samples.grey(1000, low=-1000)
COLOUR = samples.colour()

DRAWN_RIGHT = {
    "explicit": samples.native(GREY),
    "implicit": samples.native(GREY, IMPLICIT),
    "big endian 16 bit": samples.native(GREY, BIG),
    "signed": samples.native(SIGNED),
    "32 bit": samples.native(GREY.astype(np.uint32)),
    "rle": samples.lossless(GREY, RLE),
    "rle colour": samples.lossless(COLOUR, RLE),
    "whole slope": samples.native(GREY, RescaleSlope="2", RescaleIntercept="-1024"),
    "fine slope": samples.native(GREY, RescaleSlope="0.1234567", RescaleIntercept="0"),
    **{f"lossless {syntax}": samples.lossless(GREY, syntax) for syntax in samples.LOSSLESS},
    "signed jpeg 2000": samples.lossless(SIGNED, JPEG + "90"),
    "colour jpeg-ls": samples.lossless(COLOUR, JPEG + "80", PlanarConfiguration=0),
}


def _baseline(photometric: str, **how: Any) -> bytes:
    frame = imagecodecs.jpeg8_encode(COLOUR, level=95, **how)
    dataset = samples.described(COLOUR, PhotometricInterpretation=photometric)
    return samples.compressed(dataset, [frame], JPEG + "50")


def _without_marks() -> bytes:
    """RGB components, and no word about it in the stream."""
    frame = imagecodecs.jpeg8_encode(COLOUR, level=95, colorspace="RGB", outcolorspace="RGB")
    at = frame.index(b"\xff\xee")
    length = int.from_bytes(frame[at + 2 : at + 4], "big")
    frame = frame[:at] + frame[at + 2 + length :]
    start = frame.index(b"\xff\xc0") + 10
    parts = bytearray(frame)
    for number in range(3):
        parts[start + 3 * number] = number + 1
    scan = bytes(parts).index(b"\xff\xda") + 5
    for number in range(3):
        parts[scan + 2 * number] = number + 1
    return samples.compressed(samples.described(COLOUR), [bytes(parts)], JPEG + "50")


def _bits() -> bytes:
    dataset = samples.described(
        GREY, BitsAllocated=1, BitsStored=1, HighBit=0, PixelRepresentation=0
    )
    return samples.native_bytes(dataset, bytes(GREY.size // 8))


def _table() -> bytes:
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [4096, 0, 16], np.arange(4096, dtype="<u2").tobytes()
    item.ModalityLUTType = "US"
    return samples.native(GREY, ModalityLUTSequence=[item])


def _half_colour() -> bytes:
    dataset = samples.described(COLOUR, PhotometricInterpretation="YBR_FULL_422")
    return samples.native_bytes(dataset, bytes(COLOUR.size * 2 // 3))


DRAWN_WRONG = {
    "JPEG 12 bit": samples.compressed(
        samples.described(GREY, BitsStored=12, HighBit=11),
        [imagecodecs.jpeg8_encode(GREY, bitspersample=12, level=100)],
        JPEG + "51",
    ),
    "colour of more than 8 bits": samples.native(COLOUR.astype(np.uint16) * 257),
    "RLE of more than 16 bits": samples.lossless(GREY.astype(np.uint32), RLE),
    "sign differs": samples.lossless(GREY, JPEG + "90", PixelRepresentation=1),
    "precision differs": samples.lossless(SIGNED, JPEG + "90", BitsStored=12, HighBit=11),
    "another size": samples.lossless(GREY, JPEG + "80", Rows=64, Columns=48),
    "colour model": _without_marks(),
    "fewer colour samples": _half_colour(),
    "1 bit": _bits(),
    "fractional rescale slope": samples.native(GREY, RescaleSlope="0.5", RescaleIntercept="0"),
    "deflated": samples.native(GREY, DEFLATED),
    "big endian pixels": samples.native(GREY.astype(np.uint32), BIG),
    "another length": samples.native(samples.colour(3, 3)),
    "no file header": samples.native(GREY)[132:],
    "modality lookup table": _table(),
    "low bits": samples.native(GREY, BitsStored=12, HighBit=15),
    "signed 8 bit": samples.native(GREY.astype(np.int8)),
    "character set": samples.native(GREY).replace(b"ISO_IR 192", b"ISO_IR 999"),
    "transfer syntax": samples.compressed(samples.described(GREY), [b"\0\0"], "1.2.3.4"),
    "do not begin": samples.compressed(samples.described(GREY), [bytes(64)], JPEG + "90"),
    "not compressed": samples.native(GREY).replace(
        b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", DRAWN_RIGHT)
def test_what_browsers_draw_right_is_served_as_stored(name: str) -> None:
    assert conversion_reason(DRAWN_RIGHT[name][:HEAD_BYTES]) is None


@pytest.mark.parametrize("name", DRAWN_WRONG)
def test_what_browsers_draw_wrong_is_named(name: str) -> None:
    reason = conversion_reason(DRAWN_WRONG[name])
    assert reason is not None
    assert reason.isascii()
    assert name in reason


@pytest.mark.parametrize("how", [{}, {"colorspace": "RGB", "outcolorspace": "RGB"}])
def test_a_jpeg_that_says_its_colour_model_is_left_alone(how: dict[str, str]) -> None:
    assert conversion_reason(_baseline("RGB" if how else "YBR_FULL_422", **how)) is None


def _opened(path: Path, content: bytes) -> int:
    path.write_bytes(content)
    return os.open(path, os.O_RDONLY)


def test_the_whole_file_shows_fragments_without_a_table(tmp_path: Path) -> None:
    frame = imagecodecs.jpegls_encode(GREY)
    dataset = samples.described(GREY, NumberOfFrames=2)
    halves = [part for _ in range(2) for part in (frame[:400], frame[400:])]
    file = _opened(tmp_path / "f", samples.compressed(dataset, halves, JPEG + "80", table=False))
    assert "several fragments" in str(conversion_reason_of(file))
    os.close(file)


def test_the_whole_file_shows_that_its_end_is_missing(tmp_path: Path) -> None:
    file = _opened(tmp_path / "f", samples.native(GREY)[:-1])
    assert conversion_reason_of(file) == "pixel data cut short"
    os.close(file)


@pytest.mark.parametrize("syntax", [JPEG + "90", JPEG + "201"])
def test_a_jpeg_2000_stream_that_does_not_reach_its_end_never_gets_to_a_browser(
    tmp_path: Path, syntax: str
) -> None:
    frame = bytes(samples.LOSSLESS[syntax](GREY))
    reasons = set()
    for length in (60, 90, len(frame) // 2, len(frame) - 3):
        content = samples.compressed(samples.described(GREY), [frame[:length]], syntax)
        file = _opened(tmp_path / str(length), content)
        reasons.add(conversion_reason_of(file))
        os.close(file)
    assert reasons == {"JPEG 2000 that is cut or damaged"}


def test_a_table_that_does_not_fit_the_frames_is_not_trusted(tmp_path: Path) -> None:
    frame = bytes(imagecodecs.jpegls_encode(GREY))
    dataset = samples.described(GREY, NumberOfFrames=3)
    file = _opened(tmp_path / "f", samples.compressed(dataset, [frame] * 2, JPEG + "80"))
    assert conversion_reason_of(file) == "an offset table that does not fit the frames"
    os.close(file)


@pytest.mark.parametrize("syntax", [EXPLICIT, BIG])
def test_the_whole_file_shows_junk_above_the_stored_bits(tmp_path: Path, syntax: str) -> None:
    clean = samples.native(GREY, syntax, BitsStored=12, HighBit=11)
    dirty = GREY.copy()
    dirty[5, 5] |= 0x8000
    junk = samples.native(dirty, syntax, BitsStored=12, HighBit=11)
    files = [_opened(tmp_path / str(i), content) for i, content in enumerate((clean, junk))]
    reasons = [conversion_reason_of(file) for file in files]
    assert reasons == [None, "junk in the unused bits of the pixels"]
    for file in files:
        os.close(file)


def test_the_offset_of_an_open_file_is_not_moved(tmp_path: Path) -> None:
    file = _opened(tmp_path / "f", samples.native(GREY))
    conversion_reason_of(file)
    assert os.lseek(file, 0, os.SEEK_CUR) == 0
    os.close(file)


@pytest.mark.parametrize(
    ("sop_class", "kind"),
    [
        ("1.2.840.10008.5.1.4.1.1.104.1", "document"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "report"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "waveform"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "structure set"),
        ("1.2.840.10008.5.1.4.1.1.481.5", "treatment plan"),
        (samples.CT_CLASS, "no picture"),
    ],
)
def test_an_instance_without_pixels_has_a_name_for_its_placeholder(
    sop_class: str, kind: str
) -> None:
    dataset = samples.described(GREY, SOPClassUID=sop_class)
    assert picture_kind(samples.written(dataset, EXPLICIT)) == kind


def test_a_video_is_no_picture_to_decode() -> None:
    video = samples.compressed(samples.described(COLOUR), [b"\0\0\1\xb3"], JPEG + "102")
    assert picture_kind(video) == "video"
    assert conversion_reason(video) is None


@given(st.binary(max_size=600))
@settings(max_examples=300, deadline=None)
def test_random_bytes_never_raise(content: bytes) -> None:
    for head in (content, bytes(128) + b"DICM" + content):
        assert conversion_reason(head) is None or picture_kind(head) == "image"


WHOLE = {**DRAWN_RIGHT, **DRAWN_WRONG}


@given(
    st.sampled_from(sorted(WHOLE)),
    st.integers(0, 4000),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=8),
)
@settings(max_examples=400, deadline=None)
def test_cut_and_damaged_headers_never_raise(
    name: str, length: int, damage: list[tuple[int, int]]
) -> None:
    content = bytearray(WHOLE[name][:length])
    for place, value in damage:
        if place < len(content):
            content[place] = value
    assert picture_kind(bytes(content))
    file = os.memfd_create("damaged")
    os.write(file, content)
    for reason in (conversion_reason(bytes(content)), conversion_reason_of(file)):
        assert reason is None or reason.isascii()
    os.close(file)


def _bomb(pattern: bytes) -> bytes:
    return samples.native(GREY)[:132] + b"\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0" + pattern


BOMBS = {
    "nested sequences": b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
    * 9000,
    "endless items": b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\0\0\0\0" * 32000,
    "many elements": b"\x09\0\x01\x10LO\0\0" * 32000,
    "a huge slope": b"\x28\0\x53\x10DS\x0c\x001e9999999999",
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_headers_take_little_time(name: str) -> None:
    head = _bomb(BOMBS[name])[:HEAD_BYTES]
    began = time.process_time()
    conversion_reason(head)
    assert time.process_time() - began < 3


def test_a_deflate_bomb_is_not_inflated() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(bytes(1 << 28)) + packer.flush()
    head = samples.native(GREY, DEFLATED)
    start = head.index(b"1.2.840.10008.1.2.1.99") + 22
    began = time.process_time()
    conversion_reason((head[:start] + packed)[:HEAD_BYTES])
    assert time.process_time() - began < 3
