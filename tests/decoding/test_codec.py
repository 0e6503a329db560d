"""Every syntax decodes to the pixels that went in, and nothing is guessed when it cannot."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from pacs_proxy.decoding.convert import convert
from pacs_proxy.decoding.recognise import conversion_reason
from pacs_proxy.decoding.source import open_source
from pacs_proxy.errors import NotRenderable
from tests.decoding import samples
from tests.decoding.samples import BIG, DEFLATED, EXPLICIT, IMPLICIT, JPEG, RLE, Pixels

if TYPE_CHECKING:
    from pacs_proxy.decoding.codec import Source

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

GREY = samples.grey()
SIGNED = samples.grey(1000, low=-1000)
COLOUR = samples.colour()
LIMIT = 1 << 28
LOSSLESS = [RLE, *samples.LOSSLESS]
NO_COLOUR = {JPEG + "57", JPEG + "70", JPEG + "110"}


def opened(content: bytes) -> Source:
    return open_source(io.BytesIO(content), LIMIT)


def converted(content: bytes) -> Dataset:
    out = io.BytesIO()
    convert(opened(content), out)
    out.seek(0)
    return dcmread(out)


def native_pixels(dataset: Dataset) -> Pixels:
    """What a browser makes of uncompressed little endian pixels."""
    kind = "i" if dataset.PixelRepresentation else "u"
    values = np.frombuffer(dataset.PixelData, f"<{kind}{dataset.BitsAllocated // 8}")
    shape = (dataset.get("NumberOfFrames", 1), dataset.Rows, dataset.Columns)
    whole: Pixels = values.reshape(*shape, *[3] * (dataset.SamplesPerPixel == 3))
    return whole


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG, DEFLATED, *LOSSLESS])
@pytest.mark.parametrize("pixels", [GREY, SIGNED, GREY.astype(np.uint8)], ids=["u16", "i16", "u8"])
def test_grey_pixels_come_through_unchanged(syntax: str, pixels: Pixels) -> None:
    # These codestreams know no sign; the header does.
    unsigned = pixels is SIGNED and syntax in {JPEG + n for n in ("57", "70", "80", "110")}
    coded = pixels.view(np.uint16) if unsigned else pixels
    make = samples.lossless if syntax in LOSSLESS else samples.native
    after = converted(make(coded, syntax, PixelRepresentation=int(pixels is SIGNED)))
    assert np.array_equal(native_pixels(after)[0], pixels)
    assert after.file_meta.TransferSyntaxUID == EXPLICIT


@pytest.mark.parametrize("syntax", [s for s in LOSSLESS if s not in NO_COLOUR])
def test_colour_pixels_come_through_unchanged(syntax: str) -> None:
    content = samples.lossless(COLOUR, syntax)
    assert np.array_equal(native_pixels(converted(content))[0], COLOUR)


def test_wide_numbers_in_rle_come_through_unchanged() -> None:
    wide = GREY.astype(np.uint32) * 65_537
    assert np.array_equal(native_pixels(converted(samples.lossless(wide, RLE)))[0], wide)


def test_twelve_bit_jpeg_is_decoded_within_its_own_loss() -> None:
    frame = imagecodecs.jpeg8_encode(GREY, bitspersample=12, level=100)
    dataset = samples.described(GREY, BitsStored=12, HighBit=11)
    after = converted(samples.compressed(dataset, [frame], JPEG + "51"))
    difference = native_pixels(after)[0].astype(int) - GREY
    assert np.abs(difference).max() <= 3
    assert abs(difference.mean()) < 0.1


@pytest.mark.parametrize("marked", [True, False])
def test_rgb_in_a_jpeg_keeps_its_colours_whether_marked_or_not(marked: bool) -> None:
    frame = imagecodecs.jpeg8_encode(COLOUR, level=98, colorspace="RGB", outcolorspace="RGB")
    if not marked:
        frame = frame.replace(b"Adobe", b"Other")
    content = samples.compressed(samples.described(COLOUR), [frame], JPEG + "50")
    assert np.abs(native_pixels(converted(content))[0].astype(int) - COLOUR).max() < 8


def test_luma_and_chroma_in_a_jpeg_become_rgb() -> None:
    frame = imagecodecs.jpeg8_encode(COLOUR, level=98)
    dataset = samples.described(COLOUR, PhotometricInterpretation="YBR_FULL_422")
    after = converted(samples.compressed(dataset, [frame], JPEG + "50"))
    assert after.PhotometricInterpretation == "RGB"
    assert np.abs(native_pixels(after)[0].astype(int) - COLOUR).max() < 8


def test_the_sign_is_the_headers_not_the_codestreams() -> None:
    pattern = (SIGNED & 0x1FFF).astype(np.uint16)
    frame = imagecodecs.jpeg2k_encode(
        pattern, level=0, codecformat="j2k", reversible=True, bitspersample=13
    )
    dataset = samples.described(SIGNED, BitsStored=13, HighBit=12)
    after = converted(samples.compressed(dataset, [frame], JPEG + "90"))
    assert np.array_equal(native_pixels(after)[0], SIGNED)


def test_junk_above_the_stored_bits_is_cleared() -> None:
    dirty = GREY | np.uint16(0xA000)
    after = converted(samples.native(dirty, BitsStored=12, HighBit=11))
    assert np.array_equal(native_pixels(after)[0], GREY)


def test_values_in_the_high_bits_are_moved_down() -> None:
    after = converted(samples.native(GREY << 4, BitsStored=12, HighBit=15))
    assert np.array_equal(native_pixels(after)[0], GREY)


def test_signed_values_whose_sign_was_not_extended_are_right() -> None:
    stored = (SIGNED & 0x0FFF).astype(np.int16)
    after = converted(samples.native(stored, BitsStored=12, HighBit=11))
    assert np.array_equal(native_pixels(after)[0], SIGNED)


def test_signed_bytes_become_signed_words() -> None:
    pixels = samples.grey(100, low=-100).astype(np.int8)
    assert np.array_equal(native_pixels(converted(samples.native(pixels)))[0], pixels)


def test_single_bits_of_frames_that_share_bytes_are_told_apart() -> None:
    bits = np.random.default_rng(3).integers(0, 2, (3, 5, 7)).astype(np.uint8)
    packed = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
    dataset = samples.described(bits[0], BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=3)
    content = samples.native_bytes(dataset, packed)
    assert np.array_equal(list(opened(content).frames()), bits)
    assert np.array_equal(opened(content).frame(2), bits[2])


def test_half_sampled_colour_is_filled_up() -> None:
    red = np.tile(np.array([76, 76, 85, 255], np.uint8), 48 * 32)
    dataset = samples.described(COLOUR, PhotometricInterpretation="YBR_FULL_422")
    after = converted(samples.native_bytes(dataset, red.tobytes()))
    assert native_pixels(after)[0].reshape(-1, 3).mean(0) == pytest.approx([254, 0, 0], abs=2)


def test_colour_of_sixteen_bits_keeps_its_upper_eight() -> None:
    after = converted(samples.native(COLOUR.astype(np.uint16) * 257))
    assert np.array_equal(native_pixels(after)[0], COLOUR)


def test_a_frame_of_odd_length_is_followed_by_no_padding_a_browser_would_draw() -> None:
    pixels = samples.colour(3, 3)
    after = converted(samples.native(pixels))
    assert after.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1.98"
    fragment = next(generate_frames(after.PixelData, number_of_frames=1))
    assert fragment[: pixels.size] == pixels.tobytes()


def test_a_deflated_frame_is_inflated_and_no_further() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    frame = packer.compress(GREY.tobytes() + bytes(1 << 24)) + packer.flush()
    content = samples.compressed(samples.described(GREY), [frame], "1.2.840.10008.1.2.8.1")
    assert np.array_equal(native_pixels(converted(content))[0], GREY)


def test_a_file_that_only_lacks_its_last_delimiter_is_decoded() -> None:
    content = samples.lossless(GREY, JPEG + "90")[:-8]
    assert np.array_equal(opened(content).frame(0), GREY)


def _half_slope() -> bytes:
    return samples.native(GREY, RescaleSlope="0.5", RescaleIntercept="-1024")


def test_a_fractional_slope_keeps_its_stored_values_and_leaves_no_whole_end() -> None:
    after = converted(_half_slope())
    assert np.array_equal(native_pixels(after)[0], GREY)
    scaled = [0.5 * float(end) + float(after.RescaleIntercept) for end in (GREY.min(), GREY.max())]
    assert not any(end.is_integer() for end in scaled)
    assert abs(float(after.RescaleIntercept) + 1024) < 1e-8
    assert len(str(after.RescaleIntercept)) <= 16


def test_floats_keep_their_fractions_where_both_ends_are_whole() -> None:
    values = np.linspace(0, 100, GREY.size, dtype="<f4").reshape(GREY.shape)
    dataset = samples.described(GREY, BitsAllocated=32)
    dataset.FloatPixelData = values.tobytes()
    after = converted(samples.written(dataset, EXPLICIT))
    drawn = np.frombuffer(after.FloatPixelData, "<f4").reshape(GREY.shape)
    assert np.allclose(drawn, values, rtol=1e-6)
    assert not float(drawn.max()).is_integer()
    assert "PixelRepresentation" not in after


def test_doubles_become_floats() -> None:
    values = np.linspace(0.1, 7.3, GREY.size).reshape(GREY.shape)
    dataset = samples.described(GREY, BitsAllocated=64)
    dataset.DoubleFloatPixelData = values.tobytes()
    after = converted(samples.written(dataset, EXPLICIT))
    assert np.allclose(np.frombuffer(after.FloatPixelData, "<f4"), values.reshape(-1), rtol=1e-6)


def test_a_modality_table_goes_into_the_pixels() -> None:
    item = Dataset()
    item.LUTDescriptor, item.ModalityLUTType = [4096, 0, 16], "US"
    item.LUTData = (4095 - np.arange(4096)).astype("<u2").tobytes()
    after = converted(samples.native(GREY, ModalityLUTSequence=[item]))
    assert np.array_equal(native_pixels(after)[0], 4095 - GREY)
    assert "ModalityLUTSequence" not in after


def test_frames_in_several_fragments_are_found_without_a_table() -> None:
    pictures = [GREY, GREY[::-1].copy()]
    frames = [bytes(imagecodecs.jpegls_encode(picture)) for picture in pictures]
    parts = [part for frame in frames for part in (frame[:500], frame[500:])]
    dataset = samples.described(GREY, NumberOfFrames=2)
    after = converted(samples.compressed(dataset, parts, JPEG + "80", table=False))
    assert np.array_equal(native_pixels(after), pictures)


@pytest.mark.parametrize("syntax", [IMPLICIT, BIG, DEFLATED, RLE])
def test_every_other_element_is_kept(syntax: str) -> None:
    content = samples.lossless(GREY, RLE) if syntax == RLE else samples.native(GREY, syntax)
    before, after = dcmread(io.BytesIO(content)), converted(content)
    kept = [element for element in before if element.tag.group != 0x7FE0]
    assert [element.tag for element in after if element.tag.group != 0x7FE0] == [
        element.tag for element in kept
    ]
    same = [after[element.tag].value == element.value for element in kept if element.VR != "UN"]
    assert all(same)
    assert after.file_meta.MediaStorageSOPInstanceUID == before.SOPInstanceUID
    assert b"private" in bytes(str(after[0x00091001].value), "ascii")


def test_what_was_converted_needs_no_conversion() -> None:
    for content in (samples.native(GREY << 4, BitsStored=12, HighBit=15), samples.native(COLOUR)):
        out = io.BytesIO()
        convert(opened(content), out)
        assert conversion_reason(out.getvalue()) is None


def _attributes(**changed: Any) -> bytes:
    return samples.native(GREY, **changed)


REFUSED = {
    "cut short": samples.native(GREY)[:-9],
    "MiB": _attributes(Rows=65535, Columns=65535),
    "Rows is 0": _attributes(Rows=0),
    "SamplesPerPixel is 7": _attributes(SamplesPerPixel=7),
    "BitsAllocated is 12": _attributes(BitsAllocated=12),
    "BitsStored is 40": _attributes(BitsStored=40),
    "colour model": _attributes(PhotometricInterpretation="HSV"),
    "transfer syntax": samples.compressed(samples.described(GREY), [b"\0\0"], "1.2.3.4"),
    "another size": samples.lossless(GREY, JPEG + "80", Rows=64, Columns=48),
    "no pixels": samples.written(samples.described(GREY), EXPLICIT),
}


@pytest.mark.parametrize("word", REFUSED)
def test_what_cannot_be_decoded_is_refused_in_words(word: str) -> None:
    with pytest.raises(NotRenderable, match=word):
        list(opened(REFUSED[word]).frames())


@pytest.mark.parametrize("index", [-1, 1])
def test_a_frame_out_of_range_is_refused(index: int) -> None:
    with pytest.raises(NotRenderable, match="the instance has 1"):
        opened(samples.native(GREY)).frame(index)


def test_a_long_length_as_rows_is_refused() -> None:
    content = samples.native(GREY)
    short = b"\x28\0\x10\0US\x02\0" + (48).to_bytes(2, "little")
    wide = b"\x28\0\x10\0UL\x04\0" + (48 + (1 << 20)).to_bytes(4, "little")
    assert short in content
    with pytest.raises(NotRenderable, match="Rows"):
        opened(content.replace(short, wide))


def test_a_jpeg_without_its_end_is_refused_not_painted_grey() -> None:
    frame = bytes(imagecodecs.jpeg8_encode(COLOUR, level=95))
    content = samples.compressed(samples.described(COLOUR), [frame[:-700]], JPEG + "50")
    with pytest.raises(NotRenderable, match="cut short"):
        opened(content).frame(0)


def test_fewer_frames_than_announced_are_refused() -> None:
    frame = bytes(imagecodecs.jpegls_encode(GREY))
    dataset = samples.described(GREY, NumberOfFrames=3)
    content = samples.compressed(dataset, [frame, frame], JPEG + "80")
    with pytest.raises(NotRenderable, match="Fewer"):
        list(opened(content).frames())
